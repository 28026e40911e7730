import { EMPTY_BYTES } from "../../base/bytes.ts";
import { LeafItem } from "./dirty_node.ts";
import { BTREE_LIMITS } from "./limits.ts";

/**
 * Keeps copies of the pairs that a transaction puts, side by side, until its pages are written. The
 * next transaction writes into the same memory: fresh memory costs more than the copies.
 */
export class ByteArena {
  readonly #chunks: Uint8Array[] = [];
  /** How many of the chunks the transaction has begun to fill. */
  #usedCount = 0;
  #chunk: Uint8Array = EMPTY_BYTES;
  #position = 0;

  /** Begins anew; what was added before must not be used any more. */
  reset(): void {
    let keptBytes = 0;
    const isKept = (chunk: Uint8Array): boolean =>
      (keptBytes += chunk.length) <= BTREE_LIMITS.keptArenaBytes;
    const firstTooMany = this.#chunks.findIndex((chunk) => !isKept(chunk));
    if (firstTooMany >= 0) this.#chunks.length = firstTooMany;
    this.#usedCount = 0;
    this.#chunk = EMPTY_BYTES;
    this.#position = 0;
  }

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

  #newChunk(neededBytes: number): void {
    this.#position = 0;
    while (this.#usedCount < this.#chunks.length) {
      this.#chunk = this.#chunks[this.#usedCount++];
      if (this.#chunk.length >= neededBytes) return;
    }
    // Most transactions are small, so chunks begin small as well.
    const { arenaFirstChunkBytes, arenaChunkBytes } = BTREE_LIMITS;
    const doubled = Math.max(arenaFirstChunkBytes, this.#chunk.length * 2);
    this.#chunk = new Uint8Array(Math.max(Math.min(doubled, arenaChunkBytes), neededBytes));
    this.#chunks.push(this.#chunk);
    this.#usedCount++;
  }
}
