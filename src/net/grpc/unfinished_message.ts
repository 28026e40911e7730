import { EMPTY_BYTES } from "../../base/bytes.ts";

/** One flag octet and the length of the message in four. */
export const PREFIX_BYTES = 5;

const FIRST_CAPACITY_BYTES = 1024;

/** The length that a message prefix at `offset` announces. */
export function messageLength(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1] * 0x100_0000 +
    ((bytes[offset + 2] << 16) | (bytes[offset + 3] << 8) | bytes[offset + 4]);
}

/**
 * The beginning of a message whose end has not come yet, prefix included. Memory grows with what
 * has come, not with what the prefix announces.
 */
export class UnfinishedMessage {
  #bytes: Uint8Array = EMPTY_BYTES;
  #length = 0;

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** How many bytes of memory it takes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** How many bytes have come. */
  get length(): number {
    return this.#length;
  }

  get hasPrefix(): boolean {
    return this.#length >= PREFIX_BYTES;
  }

  /** The length of the whole with its prefix, which must have come. */
  get wholeLength(): number {
    return PREFIX_BYTES + messageLength(this.#bytes, 0);
  }

  get isWhole(): boolean {
    return this.hasPrefix && this.#length === this.wholeLength;
  }

  /** Takes what belongs to the prefix or, once that has come, to the message; returns the rest. */
  append(bytes: Uint8Array, start: number, end: number): number {
    const whole = this.hasPrefix ? this.wholeLength : PREFIX_BYTES;
    const taken = Math.min(end - start, whole - this.#length);
    this.#reserve(this.#length + taken, whole);
    this.#bytes.set(bytes.subarray(start, start + taken), this.#length);
    this.#length += taken;
    return start + taken;
  }

  #reserve(length: number, whole: number): void {
    if (length <= this.#bytes.length) return;
    const doubled = Math.max(FIRST_CAPACITY_BYTES, this.#bytes.length * 2);
    const grown = new Uint8Array(Math.max(length, Math.min(doubled, whole)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
