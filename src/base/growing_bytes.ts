const FIRST_CAPACITY_BYTES = 1024;

/**
 * Bytes that come in pieces and are wanted as a whole. However small the pieces are, it takes at most
 * twice the memory of what has come: a list of them would take a hundred bytes for each.
 */
export class GrowingBytes {
  #bytes = new Uint8Array(0);
  #length = 0;

  /** How many bytes have come. */
  get length(): number {
    return this.#length;
  }

  /** Appends a copy of bytes[start, end). */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + (end - start);
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** Everything that has come, which is then held no longer. */
  take(): Uint8Array<ArrayBuffer> {
    const whole = this.#bytes.subarray(0, this.#length);
    this.clear();
    return whole;
  }

  /** Forgets everything. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }

  /** The first piece is often the only one, so nothing is added to it. */
  #grow(length: number): void {
    const doubled = Math.max(FIRST_CAPACITY_BYTES, this.#bytes.length * 2);
    const grown = new Uint8Array(this.#length === 0 ? length : Math.max(length, doubled));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
