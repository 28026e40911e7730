/** How many low bits of a request ID count up; the high 16 bits name the member. */
const COUNTER_BITS = 48;
const COUNTER_SIZE = 2 ** COUNTER_BITS;
/** The start time fills 40 bits above 8 bits of counter. */
const TIME_SIZE = 2 ** 40;
const TIME_SHIFT = 2 ** 8;

/**
 * Makes the IDs by which a member finds its own proposals again in the log. As in etcd an ID is
 * the member's low 16 bits, then 40 bits of the start time in milliseconds and 8 bits of counter
 * that run over into the time, so that a restarted member does not repeat an ID.
 *
 * An ID is handled as its low 48 bits in a `number`, which is exact and cheap; the member part is
 * the same for all IDs of one generator.
 */
export class RequestIdGenerator {
  /** The 16 bits that name the member. */
  readonly memberBits: number;
  #counter: number;

  constructor(memberId: bigint, wallMs: number) {
    this.memberBits = Number(memberId & 0xffffn);
    this.#counter = (Math.floor(wallMs) % TIME_SIZE) * TIME_SHIFT;
  }

  /** The low 48 bits of the next ID. */
  next(): number {
    this.#counter = (this.#counter + 1) % COUNTER_SIZE;
    return this.#counter;
  }

  /** The whole 64-bit ID. */
  full(counter: number): bigint {
    return (BigInt(this.memberBits) << BigInt(COUNTER_BITS)) | BigInt(counter);
  }
}
