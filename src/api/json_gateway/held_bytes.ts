import { GrowingBytes } from "../../base/growing_bytes.ts";
import type { GatewayShared } from "./shared.ts";

/** Bytes of a body that are held until a whole message is there. */
export class HeldBytes {
  readonly #shared: GatewayShared;
  readonly #maxBytes: number;
  readonly #bytes = new GrowingBytes();

  constructor(shared: GatewayShared, maxBytes: number) {
    this.#shared = shared;
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** Copies bytes[start, end); throws GatewayError when that is too much. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const grownBytes = end - start;
    this.#shared.grow(this.sizeBytes + grownBytes, this.#maxBytes, grownBytes);
    this.#bytes.append(bytes, start, end);
  }

  /** All that is held, which is then held no longer. */
  take(): Uint8Array {
    this.#shared.shrink(this.sizeBytes);
    return this.#bytes.take();
  }

  release(): void {
    this.#shared.shrink(this.sizeBytes);
    this.#bytes.clear();
  }
}
