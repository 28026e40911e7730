import { assert } from "./assert.ts";

/** Where the keys are: the tree holds only positive numbers (handles) that stand for them. */
export interface HandleKeys {
  /** Negative, zero or positive, as the key of `handle` sorts before, with or behind `key`. */
  compareKey(handle: number, key: string): number;
  keyOf(handle: number): string;
  /** The same as `headOfKey(keyOf(handle), offset)`. */
  headOf(handle: number, offset: number): number;
}

/** Wider leaves cost more moves for each insertion, narrower ones more branches. */
export const LEAF_CAPACITY = 64;
const LEAVES_PER_CHUNK = 256;
const LEAF_WORDS = LEAF_CAPACITY * 2;

/**
 * A leaf: handles in the order of their keys, negative where the handle is not counted, and for
 * each the head of its key: four bytes behind what all keys of the leaf share. Comparing heads
 * nearly always decides a search without a visit to the keys, each of which is likely to be far
 * from the processor's caches. Both lie in one block of a large array: heads, then handles.
 */
export class Leaf {
  /** The large array and where the block begins. */
  readonly words: Int32Array;
  readonly base: number;
  size = 0;
  counted = 0;
  /** All keys of this leaf, and all that would belong here, have their first so many bytes alike. */
  prefixLength = 0;
  next: Leaf | undefined;
  previous: Leaf | undefined;

  constructor(words: Int32Array, base: number) {
    this.words = words;
    this.base = base;
  }

  /** Negative if the handle is not counted. */
  signedHandle(index: number): number {
    return this.words[this.base + LEAF_CAPACITY + index];
  }

  handle(index: number): number {
    return Math.abs(this.words[this.base + LEAF_CAPACITY + index]);
  }

  head(index: number): number {
    return this.words[this.base + index];
  }

  /** The place of the first handle whose key is not before `key`. */
  lowerBound(keys: HandleKeys, key: string): number {
    const { words, base } = this;
    const head = headOfKey(key, this.prefixLength);
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const middleHead = words[base + middle];
      const isBefore = middleHead === head
        ? keys.compareKey(this.handle(middle), key) < 0
        : middleHead < head;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Adds a counted handle to a leaf that has room. */
  insert(index: number, key: string, handle: number): void {
    assert(this.size < LEAF_CAPACITY, "a leaf with room is inserted into");
    const { words, base } = this;
    for (let i = base + this.size; i > base + index; i--) {
      words[i] = words[i - 1];
      words[i + LEAF_CAPACITY] = words[i + LEAF_CAPACITY - 1];
    }
    words[base + index] = headOfKey(key, this.prefixLength);
    words[base + LEAF_CAPACITY + index] = handle;
    this.size++;
    this.counted++;
  }

  /** Adds a handle behind all others to a leaf that has room. */
  append(keys: HandleKeys, handle: number, counted: boolean): void {
    assert(this.size < LEAF_CAPACITY, "a leaf with room is appended to");
    const place = this.base + this.size++;
    this.words[place] = keys.headOf(handle, this.prefixLength);
    this.words[place + LEAF_CAPACITY] = counted ? handle : -handle;
    if (counted) this.counted++;
  }

  /** Takes a handle out and returns it, negative if it was not counted. */
  remove(index: number): number {
    const { words, base } = this;
    const handle = this.signedHandle(index);
    this.size--;
    for (let i = base + index; i < base + this.size; i++) {
      words[i] = words[i + 1];
      words[i + LEAF_CAPACITY] = words[i + LEAF_CAPACITY + 1];
    }
    if (handle > 0) this.counted--;
    return handle;
  }

  /** Makes the handle count, or stop counting. */
  toggle(index: number): void {
    const handle = this.signedHandle(index);
    this.words[this.base + LEAF_CAPACITY + index] = -handle;
    this.counted += handle > 0 ? -1 : 1;
  }

  /** Moves the handles from `from` on to the end of another leaf, which has the same prefix. */
  moveTail(from: number, to: Leaf): void {
    assert(this.prefixLength === to.prefixLength, "heads are moved between equal prefixes");
    for (let i = from; i < this.size; i++) {
      const handle = this.signedHandle(i);
      to.words[to.base + to.size] = this.head(i);
      to.words[to.base + LEAF_CAPACITY + to.size] = handle;
      to.size++;
      if (handle < 0) continue;
      to.counted++;
      this.counted--;
    }
    this.size = from;
  }

  /** Counts `prefixLength` anew and takes heads behind it. */
  takeHeads(keys: HandleKeys, prefixLength: number): void {
    if (prefixLength === this.prefixLength) return;
    this.prefixLength = prefixLength;
    for (let i = 0; i < this.size; i++) {
      this.words[this.base + i] = keys.headOf(this.handle(i), prefixLength);
    }
  }

  /**
   * Whether so many heads are alike that longer prefixes would be better. Taking heads visits all
   * keys, so it is not done just because it could be.
   */
  hasDullHeads(): boolean {
    let distinct = 1;
    for (let i = 1; i < this.size; i++) if (this.head(i) !== this.head(i - 1)) distinct++;
    return distinct * 4 < this.size;
  }
}

/** Makes leaves, and keeps the blocks of those that are no longer needed. */
export class LeafPool {
  readonly #free: { words: Int32Array; base: number }[] = [];

  take(): Leaf {
    if (this.#free.length === 0) this.#addChunk();
    const block = this.#free.pop();
    assert(block !== undefined, "a chunk has blocks");
    return new Leaf(block.words, block.base);
  }

  giveBack(leaf: Leaf): void {
    this.#free.push({ words: leaf.words, base: leaf.base });
  }

  #addChunk(): void {
    const words = new Int32Array(LEAVES_PER_CHUNK * LEAF_WORDS);
    for (let i = LEAVES_PER_CHUNK - 1; i >= 0; i--) {
      this.#free.push({ words, base: i * LEAF_WORDS });
    }
  }
}

/** Four bytes of the key from `offset` on, as a number that orders like them. */
export function headOfKey(key: string, offset: number): number {
  // Behind the end charCodeAt() gives NaN, which becomes 0.
  return ((key.charCodeAt(offset) << 24) | (key.charCodeAt(offset + 1) << 16) |
    (key.charCodeAt(offset + 2) << 8) | key.charCodeAt(offset + 3)) ^ SIGN_BIT;
}

/** Flipping it makes signed numbers order as the unsigned ones did. */
export const SIGN_BIT = -0x8000_0000;

/** How many leading characters two keys share. */
export function commonPrefixLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

/**
 * Takes up to `wanted` counted handles from `leaf` and its neighbours, without the first `skip`,
 * and returns how many it took. It stops at a leaf that counts nothing: behind it may lie a
 * thousand more, which the way from the root avoids.
 */
export function takeCounted(leaf: Leaf, skip: number, wanted: number, taken: number[]): number {
  let rest = skip;
  let missing = wanted;
  for (
    let at: Leaf | undefined = leaf;
    at !== undefined && at.counted > 0 && missing > 0;
    at = at.next
  ) {
    for (let i = 0; i < at.size && missing > 0; i++) {
      const handle = at.signedHandle(i);
      if (handle < 0 || rest-- > 0) continue;
      taken.push(handle);
      missing--;
    }
    rest = 0;
  }
  return wanted - missing;
}

/** Makes `right` the neighbour behind `leaf`. */
export function linkAfter(leaf: Leaf, right: Leaf): void {
  right.next = leaf.next;
  right.previous = leaf;
  if (leaf.next !== undefined) leaf.next.previous = right;
  leaf.next = right;
}
