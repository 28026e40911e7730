/** Bytes that all cached pairs share. */
export class CacheBudget {
  readonly #mostBytes: number;
  #takenBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get isFull(): boolean {
    return this.#takenBytes >= this.#mostBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Whether there was room; then the bytes are taken. */
  take(bytes: number): boolean {
    if (this.#takenBytes + bytes > this.#mostBytes) return false;
    this.#takenBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}
