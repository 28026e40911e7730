import { LeafItem } from "./dirty_node.ts";
import { BTREE_LIMITS } from "./limits.ts";

/** Keeps copies of the pairs that a transaction puts, side by side, until its pages are written. */
export class ByteArena {
  #chunk: Uint8Array = new Uint8Array(0);
  #position = 0;

  /** Copies the key and value[start, end). */
  add(key: Uint8Array, flags: number, value: Uint8Array, start: number, end: number): LeafItem {
    const keySize = key.length;
    const valueSize = end - start;
    if (this.#chunk.length - this.#position < keySize + valueSize) {
      this.#newChunk(keySize + valueSize);
    }
    const chunk = this.#chunk;
    const position = this.#position;
    for (let i = 0; i < keySize; i++) chunk[position + i] = key[i];
    if (valueSize > 0) {
      const isWhole = start === 0 && end === value.length;
      chunk.set(isWhole ? value : value.subarray(start, end), position + keySize);
    }
    this.#position += keySize + valueSize;
    return new LeafItem(chunk, position, keySize, valueSize, flags);
  }

  /** Most transactions are small, and new memory costs time, so chunks begin small as well. */
  #newChunk(neededBytes: number): void {
    const { arenaFirstChunkBytes, arenaChunkBytes } = BTREE_LIMITS;
    const doubled = Math.max(arenaFirstChunkBytes, this.#chunk.length * 2);
    this.#chunk = new Uint8Array(Math.max(Math.min(doubled, arenaChunkBytes), neededBytes));
    this.#position = 0;
  }
}
