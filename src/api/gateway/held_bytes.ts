import { Buffer } from "node:buffer";
import { EMPTY_BYTES } from "../../base/bytes.ts";
import type { GatewayShared } from "./shared.ts";

/** Bytes of a body that are held until a whole message is there. */
export class HeldBytes {
  readonly #shared: GatewayShared;
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(shared: GatewayShared, maxBytes: number) {
    this.#shared = shared;
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Copies bytes[start, end); throws GatewayError when that is too much. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const grownBytes = end - start;
    this.#shared.grow(this.#sizeBytes + grownBytes, this.#maxBytes, grownBytes);
    this.#sizeBytes += grownBytes;
    this.#chunks.push(bytes.slice(start, end));
  }

  /** All that is held, which is then held no longer. */
  take(): Uint8Array {
    const chunks = this.#chunks;
    this.release();
    if (chunks.length === 0) return EMPTY_BYTES;
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  }

  release(): void {
    this.#shared.shrink(this.#sizeBytes);
    this.#sizeBytes = 0;
    this.#chunks = [];
  }
}
