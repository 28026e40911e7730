import { Buffer } from "node:buffer";

/** Small pieces are gathered in chunks of at least this size. */
const CHUNK_BYTES = 4 * 1024;

/** The places of chunks that are used up are removed once they are at least so many. */
const USED_UP_CHUNKS = 64;

const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * What one stream has been given to send and cannot send yet: bytes in order, then perhaps the end
 * of the stream, with or without trailers.
 */
export class SendQueue {
  /** Bytes waiting. */
  sizeBytes = 0;
  endStream = false;
  trailers: readonly string[] | undefined = undefined;

  readonly #chunks: Buffer[] = [];
  #first = 0;
  #firstOffset = 0;
  #lastLength = 0;

  /** Copies bytes[start, end) to the end of the queue. */
  push(bytes: Uint8Array, start: number, end: number): void {
    let position = start;
    while (position < end) {
      const last = this.#lastWithRoom(end - position);
      const copied = Math.min(end - position, last.length - this.#lastLength);
      last.set(bytes.subarray(position, position + copied), this.#lastLength);
      this.#lastLength += copied;
      position += copied;
    }
    this.sizeBytes += end - start;
  }

  /** Moves the first `size` bytes to target[offset...). */
  take(size: number, target: Uint8Array, offset: number): void {
    this.sizeBytes -= size;
    while (size > 0) {
      const chunk = this.#chunks[this.#first];
      const isLast = this.#first === this.#chunks.length - 1;
      const available = (isLast ? this.#lastLength : chunk.length) - this.#firstOffset;
      const copied = Math.min(size, available);
      target.set(chunk.subarray(this.#firstOffset, this.#firstOffset + copied), offset);
      offset += copied;
      size -= copied;
      this.#firstOffset += copied;
      if (copied === available && !isLast) this.#dropFirst();
    }
    if (this.sizeBytes === 0) this.#clear();
  }

  #lastWithRoom(wanted: number): Buffer {
    const count = this.#chunks.length;
    if (count > 0 && this.#lastLength < this.#chunks[count - 1].length) {
      return this.#chunks[count - 1];
    }
    const chunk = Buffer.allocUnsafe(Math.max(wanted, CHUNK_BYTES));
    this.#chunks.push(chunk);
    this.#lastLength = 0;
    return chunk;
  }

  #dropFirst(): void {
    this.#chunks[this.#first] = NO_BYTES;
    this.#firstOffset = 0;
    this.#first++;
    if (this.#first < USED_UP_CHUNKS || this.#first * 2 < this.#chunks.length) return;
    this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }

  #clear(): void {
    this.#chunks.length = 0;
    this.#first = 0;
    this.#firstOffset = 0;
    this.#lastLength = 0;
  }
}
