import { BACKEND_LIMITS } from "./limits.ts";

/** Keys are spread over so many tables, so that the growth of one takes little time. */
export const FINGERPRINT_SEGMENTS = 256;

/** No value that a key can have. */
const EMPTY = -0x8000_0000;

class Segment {
  low = new Int32Array(BACKEND_LIMITS.fingerprintSlots);
  high = new Int32Array(BACKEND_LIMITS.fingerprintSlots);
  values = new Int32Array(BACKEND_LIMITS.fingerprintSlots).fill(EMPTY);
  count = 0;
}

/**
 * Maps keys to whole numbers above -2^31, in some 16 to 32 bytes for each, however long the key. Of
 * a key it remembers 64 bits only: that any two of a million keys are taken for one happens in one
 * file of 37 million.
 */
export class KeyFingerprints {
  readonly #segments: Segment[] = Array.from(
    { length: FINGERPRINT_SEGMENTS },
    () => new Segment(),
  );
  /** What was found last. */
  #low = 0;
  #high = 0;
  #segment: Segment = this.#segments[0];
  #slot = 0;

  /** Looks for the key bytes[start, end). If it is there, `value` is its own. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    this.#hash(bytes, start, end);
    this.#segment = this.#segments[this.#high & (FINGERPRINT_SEGMENTS - 1)];
    this.#slot = slotOf(this.#segment, this.#low, this.#high);
    return this.#segment.values[this.#slot] !== EMPTY;
  }

  /** Of the key that was found last. */
  get value(): number {
    return this.#segment.values[this.#slot];
  }

  set value(value: number) {
    this.#segment.values[this.#slot] = value;
  }

  /** Adds the key that was not found last. */
  add(value: number): void {
    const segment = this.#segment;
    segment.low[this.#slot] = this.#low;
    segment.high[this.#slot] = this.#high;
    segment.values[this.#slot] = value;
    segment.count++;
    if (segment.count > segment.values.length * BACKEND_LIMITS.fingerprintLoad) grow(segment);
  }

  /** Visits the values of all keys in one of the FINGERPRINT_SEGMENTS segments, in any order. */
  visitSegment(index: number, visit: (value: number) => void): void {
    for (const value of this.#segments[index].values) {
      if (value !== EMPTY) visit(value);
    }
  }

  /** Two hashes of 32 bits each, with constants of their own. */
  #hash(bytes: Uint8Array, start: number, end: number): void {
    let low = 0x2545_f491;
    let high = 0x5851_f42d ^ (end - start);
    for (let at = start; at < end; at++) {
      low = Math.imul(low ^ bytes[at], 0x9e37_79b1);
      low ^= low >>> 15;
      high = Math.imul(high + bytes[at], 0x85eb_ca6b);
      high ^= high >>> 13;
    }
    this.#low = mix(low);
    this.#high = mix(high);
  }
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb_352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b);
  return mixed ^ (mixed >>> 16);
}

/** Where the fingerprint is, or where it belongs. */
function slotOf({ low: lows, high: highs, values }: Segment, low: number, high: number): number {
  const mask = values.length - 1;
  let slot = low & mask;
  while (values[slot] !== EMPTY && (lows[slot] !== low || highs[slot] !== high)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

function grow(segment: Segment): void {
  const { low, high, values } = segment;
  segment.low = new Int32Array(values.length * 2);
  segment.high = new Int32Array(values.length * 2);
  segment.values = new Int32Array(values.length * 2).fill(EMPTY);
  for (let i = 0; i < values.length; i++) {
    if (values[i] === EMPTY) continue;
    const slot = slotOf(segment, low[i], high[i]);
    segment.low[slot] = low[i];
    segment.high[slot] = high[i];
    segment.values[slot] = values[i];
  }
}
