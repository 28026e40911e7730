import { HPACK_LIMITS } from "../limits.ts";
import type { HeaderList } from "./header_list.ts";

/** A power of two, so that a mask picks the slot. */
const SLOT_COUNT = HPACK_LIMITS.cachedBlocks;
const LONGEST_BLOCK_BYTES = HPACK_LIMITS.maxCachedBlockBytes;

/**
 * Remembers what header blocks decoded to, for blocks that leave the dynamic table as it was: the
 * same bytes on the same table mean the same list. A client that repeats its requests hits it
 * with every one of them.
 */
export class BlockCache {
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOT_COUNT).fill(undefined);

  find(bytes: Uint8Array, start: number, end: number, generation: number): HeaderList | undefined {
    const length = end - start;
    if (length > LONGEST_BLOCK_BYTES || length === 0) return undefined;
    const slot = this.#slots[slotIndex(bytes, start, end)];
    if (slot === undefined || slot.generation !== generation || slot.length !== length) {
      return undefined;
    }
    const known = slot.bytes;
    for (let i = 0; i < length; i++) {
      if (known[i] !== bytes[start + i]) return undefined;
    }
    return slot.list;
  }

  store(
    bytes: Uint8Array,
    start: number,
    end: number,
    generation: number,
    list: HeaderList,
  ): void {
    const length = end - start;
    if (length > LONGEST_BLOCK_BYTES || length === 0) return;
    const index = slotIndex(bytes, start, end);
    const slot = this.#slots[index];
    if (slot === undefined) {
      this.#slots[index] = new Slot(bytes, start, end, generation, list);
    } else {
      slot.set(bytes, start, end, generation, list);
    }
  }
}

class Slot {
  bytes: Uint8Array;
  length = 0;
  generation = 0;
  list: HeaderList;

  constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    generation: number,
    list: HeaderList,
  ) {
    this.bytes = new Uint8Array(LONGEST_BLOCK_BYTES);
    this.list = list;
    this.set(bytes, start, end, generation, list);
  }

  set(bytes: Uint8Array, start: number, end: number, generation: number, list: HeaderList): void {
    for (let i = start; i < end; i++) this.bytes[i - start] = bytes[i];
    this.length = end - start;
    this.generation = generation;
    this.list = list;
  }
}

/** Requests of one client mostly differ in the path, which is near the middle, or in the length. */
function slotIndex(bytes: Uint8Array, start: number, end: number): number {
  const mix = bytes[start] + bytes[(start + end) >> 1] * 5 + bytes[end - 1] * 3 + (end - start);
  return mix & (SLOT_COUNT - 1);
}
