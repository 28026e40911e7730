/**
 * What the peer may still send on a connection. Consumed bytes are given back in large steps, so
 * that small requests need no WINDOW_UPDATE of their own.
 */
export class ReceiveWindow {
  readonly #sizeBytes: number;
  #leftBytes: number;
  #consumedBytes = 0;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#leftBytes = sizeBytes;
  }

  /** Takes a frame's bytes out of the window; false if the peer sent more than it may. */
  take(sizeBytes: number): boolean {
    this.#leftBytes -= sizeBytes;
    return this.#leftBytes >= 0;
  }

  /** The bytes are consumed. Returns the increment to announce now, if any. */
  consume(sizeBytes: number): number {
    this.#consumedBytes += sizeBytes;
    if (this.#consumedBytes * 2 < this.#sizeBytes) return 0;
    const increment = this.#consumedBytes;
    this.#leftBytes += increment;
    this.#consumedBytes = 0;
    return increment;
  }
}
