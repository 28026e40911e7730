import type { WorkMeter } from "../../base/work_meter.ts";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import type { Operation } from "../operations/operation.ts";
import { SERVER_LIMITS } from "../limits.ts";

/** A proposal on which was given up. */
interface ExpiredProposal {
  readonly operation: Operation;
  readonly sinceMs: number;
}

const NO_PROPOSAL = -1;
/** A power of two, as all sizes of the ring. */
const SMALLEST_RING = 1024;

/**
 * The proposals of this member that have not come back from the log, by request ID. IDs follow each
 * other and come back in their order, so the low bits of an ID are its place in a ring, which is as
 * large as the oldest and the newest that are waited for lie apart. (A Map would keep those alive
 * that have long come back: see IdTable.)
 */
export class PendingProposals {
  /** When the proposal that was taken last had been made. */
  takenSinceMs = 0;
  #ids: Float64Array = new Float64Array(SMALLEST_RING).fill(NO_PROPOSAL);
  #operations: (Operation | undefined)[] = emptyRing(SMALLEST_RING);
  #sources: (WorkMeter | undefined)[] = emptyRing(SMALLEST_RING);
  #sizes: Float64Array = new Float64Array(SMALLEST_RING);
  #times: Float64Array = new Float64Array(SMALLEST_RING);
  /** No proposal in the ring is older than the first from here on. */
  #oldest = 0;
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** Throws etcd's refusal when too much waits already. */
  checkRoom(hasPriority: boolean): void {
    const { pendingProposalBytes, pendingPriorityBytes } = SERVER_LIMITS;
    if (this.#bytes >= (hasPriority ? pendingPriorityBytes : pendingProposalBytes)) {
      throw ETCD_ERRORS.requestTooManyRequests;
    }
  }

  /** `source` hears of the proposal's beginning and end. */
  add(
    id: number,
    operation: Operation,
    sizeBytes: number,
    nowMs: number,
    source?: WorkMeter,
  ): void {
    while (this.#ids[this.#placeOf(id)] !== NO_PROPOSAL) this.#resize(this.#ids.length * 2);
    if (this.#count === 0) this.#oldest = this.#placeOf(id);
    this.#put(id, operation, sizeBytes, nowMs, source);
    this.#count++;
    this.#bytes += sizeBytes;
    source?.began(operation.pieceCount, sizeBytes);
  }

  /** The operation that was proposed by an ID; from now on nobody waits for it here. */
  take(id: number): Operation | undefined {
    const place = this.#placeOf(id);
    const operation = this.#operations[place];
    if (operation === undefined || this.#ids[place] !== id) return undefined;
    const source = this.#sources[place];
    const sizeBytes = this.#sizes[place];
    this.takenSinceMs = this.#times[place];
    this.#ids[place] = NO_PROPOSAL;
    this.#operations[place] = undefined;
    this.#sources[place] = undefined;
    this.#bytes -= sizeBytes;
    if (--this.#count === 0 && this.#ids.length > SMALLEST_RING) this.#resize(SMALLEST_RING);
    source?.ended(operation.pieceCount, sizeBytes);
    return operation;
  }

  /** Gives up on the proposals that have waited since before `sinceMs`, and returns them. */
  expire(sinceMs: number): ExpiredProposal[] {
    const expired: ExpiredProposal[] = [];
    for (;;) {
      const id = this.#oldestId();
      if (id === NO_PROPOSAL || this.#times[this.#placeOf(id)] >= sinceMs) return expired;
      const operation = this.take(id);
      if (operation === undefined) return expired;
      operation.fail(ETCD_ERRORS.timeout);
      expired.push({ operation, sinceMs: this.takenSinceMs });
    }
  }

  /** Gives up on all of them. */
  failAll(error: EtcdError): void {
    for (let id = this.#oldestId(); id !== NO_PROPOSAL; id = this.#oldestId()) {
      this.take(id)?.fail(error);
    }
  }

  #oldestId(): number {
    if (this.#count === 0) return NO_PROPOSAL;
    while (this.#ids[this.#oldest] === NO_PROPOSAL) {
      this.#oldest = (this.#oldest + 1) % this.#ids.length;
    }
    return this.#ids[this.#oldest];
  }

  /** An ID has more than 32 bits, of which `&` takes the low ones. */
  #placeOf(id: number): number {
    return id & (this.#ids.length - 1);
  }

  #put(
    id: number,
    operation: Operation,
    sizeBytes: number,
    sinceMs: number,
    source: WorkMeter | undefined,
  ): void {
    const place = this.#placeOf(id);
    this.#ids[place] = id;
    this.#operations[place] = operation;
    this.#sources[place] = source;
    this.#sizes[place] = sizeBytes;
    this.#times[place] = sinceMs;
  }

  #resize(length: number): void {
    const oldestId = this.#oldestId();
    const ids = this.#ids;
    const operations = this.#operations;
    const sources = this.#sources;
    const sizes = this.#sizes;
    const times = this.#times;
    this.#ids = new Float64Array(length).fill(NO_PROPOSAL);
    this.#operations = emptyRing(length);
    this.#sources = emptyRing(length);
    this.#sizes = new Float64Array(length);
    this.#times = new Float64Array(length);
    this.#oldest = this.#placeOf(oldestId);
    for (const [i, operation] of operations.entries()) {
      if (operation !== undefined) this.#put(ids[i], operation, sizes[i], times[i], sources[i]);
    }
  }
}

function emptyRing<T>(length: number): (T | undefined)[] {
  return new Array<T | undefined>(length).fill(undefined);
}
