import { Buffer } from "node:buffer";

/** What a burst of small responses takes; larger buffers are powers of two times this. */
const SMALLEST_BYTES = 4 * 1024;
const CLASS_COUNT = 10;

/**
 * Output buffers for reuse. A buffer given to a socket MUST NOT come back before the socket's
 * callback said that it was written.
 */
export class BufferPool {
  readonly #maxPooledBytes: number;
  readonly #free: Buffer[][] = [];
  #pooledBytes = 0;

  constructor(maxPooledBytes: number) {
    this.#maxPooledBytes = maxPooledBytes;
    for (let i = 0; i < CLASS_COUNT; i++) this.#free.push([]);
  }

  get pooledBytes(): number {
    return this.#pooledBytes;
  }

  /** A buffer of at least this size; its contents are arbitrary. */
  acquire(sizeBytes: number): Buffer {
    let sizeClass = 0;
    let classBytes = SMALLEST_BYTES;
    while (classBytes < sizeBytes) {
      classBytes *= 2;
      sizeClass++;
    }
    const buffer = sizeClass < CLASS_COUNT ? this.#free[sizeClass].pop() : undefined;
    if (buffer === undefined) return Buffer.allocUnsafe(classBytes);
    this.#pooledBytes -= classBytes;
    return buffer;
  }

  release(buffer: Buffer): void {
    const sizeClass = Math.log2(buffer.length / SMALLEST_BYTES);
    if (sizeClass >= CLASS_COUNT) return;
    if (this.#pooledBytes + buffer.length > this.#maxPooledBytes) return;
    this.#pooledBytes += buffer.length;
    this.#free[sizeClass].push(buffer);
  }
}
