import { assert } from "../../base/assert.ts";
import { STORE_LIMITS } from "./limits.ts";
import { RevisionIndex } from "./revision_index.ts";

const CHUNK_BITS = Math.log2(STORE_LIMITS.changesPerChunk);
const CHUNK_MASK = STORE_LIMITS.changesPerChunk - 1;

/**
 * A change, in 32-bit numbers: its main revision as a float, then sub revision, kind of change,
 * record of the key, slab, offset and length of the bytes, the change of the same key before it,
 * one further back, the length of the history when it was made, and its neighbours in the order
 * of revisions.
 */
const SUB = 2;
const RECORD = 3;
const SLAB = 4;
const OFFSET = 5;
const LENGTH = 6;
const PREVIOUS = 7;
const JUMP = 8;
const DEPTH = 9;
const NEXT = 10;
const BACK = 11;
const CHANGE_WORDS = 12;
const CHANGE_FLOATS = 6;

/** In the word of the sub revision. */
const TOMBSTONE_BIT = 0x4000_0000;
const SUPERSEDED_BIT = 0x2000_0000;
export const MAX_SUB: number = SUPERSEDED_BIT - 1;

/** In place of a slab's number: no change uses the record. */
const REMOVED_SLAB = -1;
/** In place of a slab's number: the bytes are not in memory. */
export const NO_SLAB = -2;

class Chunk {
  readonly floats: Float64Array;
  readonly words: Int32Array;

  constructor() {
    const buffer = new ArrayBuffer(STORE_LIMITS.changesPerChunk * CHANGE_WORDS * 4);
    this.floats = new Float64Array(buffer);
    this.words = new Int32Array(buffer);
  }
}

/**
 * Every change that is retained, in the order of revisions and, for each key, from the latest
 * back. A change is known by a positive integer; the number of a removed change is used again.
 *
 * Links to older changes are never repaired: a link leads to an older change or it is dead. A
 * removed change has an infinite revision, and one that took over its number is younger than all
 * that were there before.
 */
export class RevisionLog {
  readonly #chunks: Chunk[] = [];
  readonly #index = new RevisionIndex();
  /** Removed changes, linked by NEXT. */
  #free = 0;
  /** Number 0 is none. */
  #nextNew = 1;
  #oldest = 0;
  #newest = 0;
  #count = 0;

  /** How many changes there are. */
  get count(): number {
    return this.#count;
  }

  /** The newest change, or 0. */
  get newest(): number {
    return this.#newest;
  }

  /** The oldest change, or 0. */
  get oldest(): number {
    return this.#oldest;
  }

  /**
   * Adds the latest change. `previous` is the change of the same key before it, or 0, and
   * `depth` how many changes of the key are retained besides this one.
   */
  add(
    main: number,
    sub: number,
    tombstone: boolean,
    record: number,
    previous: number,
    depth: number,
  ): number {
    const isFirst = this.#newest === 0 || this.main(this.#newest) !== main;
    const change = this.addUnindexed(main, sub, tombstone, record, previous, depth);
    if (isFirst) this.#index.add(main, change);
    return change;
  }

  /** The same for a change that `firstFrom()` will not find before `indexFrom()` was called. */
  addUnindexed(
    main: number,
    sub: number,
    tombstone: boolean,
    record: number,
    previous: number,
    depth: number,
  ): number {
    const change = this.#take();
    const { floats, words } = this.#chunks[change >>> CHUNK_BITS];
    const base = (change & CHUNK_MASK) * CHANGE_WORDS;
    floats[(change & CHUNK_MASK) * CHANGE_FLOATS] = main;
    words[base + SUB] = tombstone ? sub | TOMBSTONE_BIT : sub;
    words[base + RECORD] = record;
    words[base + PREVIOUS] = previous;
    words[base + JUMP] = previous;
    words[base + DEPTH] = depth;
    if (depth >= STORE_LIMITS.shortHistory) this.#linkFarBack(change, previous);
    this.#append(change);
    return change;
  }

  /**
   * Lets `firstFrom()` find the revisions of up to `limit` changes from `change` on, which is the
   * first of its revision. Returns the first change that is left, or 0.
   */
  indexFrom(change: number, limit: number): number {
    let at = change;
    let main = 0;
    for (let i = 0; at !== 0 && (i < limit || this.main(at) === main); i++) {
      if (this.main(at) !== main) this.#index.add(this.main(at), at);
      main = this.main(at);
      at = this.next(at);
    }
    return at;
  }

  /** Takes a change out and leaves links to it dead. */
  remove(change: number): void {
    const next = this.next(change);
    const back = this.#word(change, BACK);
    if (back === 0) this.#oldest = next;
    else this.#setWord(back, NEXT, next);
    if (next === 0) this.#newest = back;
    else this.#setWord(next, BACK, back);
    this.#chunks[change >>> CHUNK_BITS].floats[(change & CHUNK_MASK) * CHANGE_FLOATS] = Infinity;
    this.#setWord(change, SLAB, REMOVED_SLAB);
    this.#setWord(change, NEXT, this.#free);
    this.#free = change;
    this.#count--;
  }

  /** The first change with a main revision of at least `revision`, or 0. */
  firstFrom(revision: number): number {
    return this.#index.firstFrom(revision);
  }

  /** `firstFrom()` will not be called with lower revisions any more. */
  dropIndexBelow(revision: number): void {
    this.#index.dropBelow(revision);
  }

  /** The change behind this one in the order of revisions, or 0. */
  next(change: number): number {
    return this.#word(change, NEXT);
  }

  /** The change before this one in the order of revisions, or 0. */
  back(change: number): number {
    return this.#word(change, BACK);
  }

  main(change: number): number {
    return this.#chunks[change >>> CHUNK_BITS].floats[(change & CHUNK_MASK) * CHANGE_FLOATS];
  }

  sub(change: number): number {
    return this.#word(change, SUB) & MAX_SUB;
  }

  isTombstone(change: number): boolean {
    return (this.#word(change, SUB) & TOMBSTONE_BIT) !== 0;
  }

  /** A compaction is to remove this change. */
  isSuperseded(change: number): boolean {
    return (this.#word(change, SUB) & SUPERSEDED_BIT) !== 0;
  }

  markSuperseded(change: number): void {
    this.#setWord(change, SUB, this.#word(change, SUB) | SUPERSEDED_BIT);
  }

  record(change: number): number {
    return this.#word(change, RECORD);
  }

  slab(change: number): number {
    return this.#word(change, SLAB);
  }

  offset(change: number): number {
    return this.#word(change, OFFSET);
  }

  length(change: number): number {
    return this.#word(change, LENGTH);
  }

  setPlace(change: number, slab: number, offset: number, length: number): void {
    const { words } = this.#chunks[change >>> CHUNK_BITS];
    const base = (change & CHUNK_MASK) * CHANGE_WORDS;
    words[base + SLAB] = slab;
    words[base + OFFSET] = offset;
    words[base + LENGTH] = length;
  }

  setSlab(change: number, slab: number): void {
    this.#setWord(change, SLAB, slab);
  }

  /** The change of the same key before this one, or 0. */
  previous(change: number): number {
    const previous = this.#word(change, PREVIOUS);
    return this.#isOlder(previous, change) ? previous : 0;
  }

  /** Of `change` and those of the same key before it, the latest up to `revision`, or 0. */
  latestAt(change: number, revision: number): number {
    let at = change;
    while (at !== 0 && this.main(at) > revision) {
      const jump = this.#word(at, JUMP);
      at = this.#isOlder(jump, at) && this.main(jump) > revision ? jump : this.previous(at);
    }
    return at;
  }

  /** Verifies the order and the index; calls `visit` with each change. */
  check(visit: (change: number) => void): void {
    let before = 0;
    let count = 0;
    for (let at = this.#oldest; at !== 0; at = this.next(at)) {
      assert(this.#word(at, BACK) === before, "a change knows the one before");
      assert(before === 0 || this.#isOlder(before, at), "revisions ascend");
      visit(at);
      before = at;
      count++;
    }
    assert(before === this.#newest, "the last change is the newest");
    assert(count === this.#count, "all changes are in order");
  }

  #take(): number {
    this.#count++;
    const free = this.#free;
    if (free !== 0) {
      this.#free = this.#word(free, NEXT);
      return free;
    }
    const change = this.#nextNew++;
    if (change >>> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new Chunk());
    return change;
  }

  #append(change: number): void {
    this.#setWord(change, NEXT, 0);
    this.#setWord(change, BACK, this.#newest);
    if (this.#newest === 0) this.#oldest = change;
    else this.#setWord(this.#newest, NEXT, change);
    this.#newest = change;
  }

  /**
   * Lets a change of a long history link far back, so that any older one is found in O(log n)
   * steps: where two jumps of the same length end one behind the other, the next change jumps
   * over both (the skew-binary rule of E. Myers' applicative random-access stack).
   */
  #linkFarBack(change: number, previous: number): void {
    const depth = this.#word(previous, DEPTH);
    this.#setWord(change, DEPTH, depth + 1);
    const jump = this.#word(previous, JUMP);
    if (!this.#isOlder(jump, previous)) return;
    const second = this.#word(jump, JUMP);
    if (!this.#isOlder(second, jump)) return;
    const jumpDepth = this.#word(jump, DEPTH);
    if (depth - jumpDepth === jumpDepth - this.#word(second, DEPTH)) {
      this.#setWord(change, JUMP, second);
    }
  }

  /** Whether a link from `change` to `target` is alive. */
  #isOlder(target: number, change: number): boolean {
    if (target === 0) return false;
    const targetMain = this.main(target);
    const main = this.main(change);
    return targetMain < main || (targetMain === main && this.sub(target) < this.sub(change));
  }

  #word(change: number, field: number): number {
    return this.#chunks[change >>> CHUNK_BITS].words[(change & CHUNK_MASK) * CHANGE_WORDS + field];
  }

  #setWord(change: number, field: number, value: number): void {
    this.#chunks[change >>> CHUNK_BITS].words[(change & CHUNK_MASK) * CHANGE_WORDS + field] = value;
  }
}
