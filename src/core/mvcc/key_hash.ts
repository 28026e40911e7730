import { assert } from "../../base/assert.ts";
import type { KeyBytes } from "./key_bytes.ts";
import type { KeyTable } from "./key_table.ts";
import { STORE_LIMITS } from "./limits.ts";

const SLOT_MASK = STORE_LIMITS.hashSegmentSlots - 1;

class Segment {
  /** Pairs of hash and record; a record of 0 is an empty slot. */
  readonly slots = new Int32Array(STORE_LIMITS.hashSegmentSlots * 2);
  /** How many leading bits all hashes in here share. */
  readonly depth: number;
  taken = 0;
  /** Keys of this segment may be missing: look into the tree too. */
  overflowed: boolean;

  constructor(depth: number, overflowed: boolean) {
    this.depth = depth;
    this.overflowed = overflowed;
  }
}

/**
 * Finds the record of an exact key. Extendible hashing: the leading bits of a hash choose a
 * segment, and a full segment splits into two, so that no insertion has to move more than one
 * segment (a Map of a million keys stops the world for 100 ms when it grows).
 */
export class KeyHash {
  readonly #table: KeyTable;
  #directory: Segment[];
  /** How many leading bits index the directory. */
  #depth = 1;

  constructor(table: KeyTable) {
    this.#table = table;
    this.#directory = [new Segment(1, false), new Segment(1, false)];
  }

  /** The record of the key, 0 if there is none, or -1 if only the tree can tell. */
  find(key: KeyBytes): number {
    const segment = this.#directory[key.hash >>> (32 - this.#depth)];
    const index = this.#indexOf(segment, key);
    if (index >= 0) return segment.slots[index + 1];
    return segment.overflowed ? -1 : 0;
  }

  /** Remembers the record of a key that is not there yet, or returns false if it cannot. */
  add(key: KeyBytes, record: number): boolean {
    let segment = this.#directory[key.hash >>> (32 - this.#depth)];
    while (segment.taken >= STORE_LIMITS.hashSegmentLoad) {
      if (segment.depth === STORE_LIMITS.hashDirectoryBits) {
        segment.overflowed = true;
        return false;
      }
      this.#split(segment, key.hash);
      segment = this.#directory[key.hash >>> (32 - this.#depth)];
    }
    return insertInto(segment, key.hash, record);
  }

  /** Forgets the key, if it is here. */
  remove(key: KeyBytes): void {
    const segment = this.#directory[key.hash >>> (32 - this.#depth)];
    const index = this.#indexOf(segment, key);
    if (index >= 0) removeFrom(segment, index >>> 1);
  }

  /** Verifies that segments and directory belong together; returns how many keys are here. */
  check(): number {
    assert(this.#directory.length === 1 << this.#depth, "the directory has one entry a prefix");
    let taken = 0;
    for (const segment of new Set(this.#directory)) {
      const entries = this.#directory.filter((entry) => entry === segment).length;
      assert(entries === 1 << (this.#depth - segment.depth), "a segment has all its prefixes");
      taken += this.#checkSegment(segment);
    }
    return taken;
  }

  #checkSegment(segment: Segment): number {
    let taken = 0;
    for (let i = 0; i < segment.slots.length; i += 2) {
      if (segment.slots[i + 1] === 0) continue;
      taken++;
      const prefix = segment.slots[i] >>> (32 - this.#depth);
      assert(this.#directory[prefix] === segment, "a hash is in the segment of its prefix");
    }
    assert(taken === segment.taken, "a segment knows how many slots are taken");
    return taken;
  }

  /** The index of the key's pair, or -1. */
  #indexOf(segment: Segment, key: KeyBytes): number {
    const { slots } = segment;
    const hash = key.hash;
    for (let slot = hash & SLOT_MASK;; slot = (slot + 1) & SLOT_MASK) {
      const index = slot << 1;
      const record = slots[index + 1];
      if (record === 0) return -1;
      if (slots[index] === hash && this.#table.hasKey(record, key)) return index;
    }
  }

  #split(segment: Segment, hash: number): void {
    if (segment.depth === this.#depth) this.#doubleDirectory();
    const depth = segment.depth + 1;
    const low = new Segment(depth, segment.overflowed);
    const high = new Segment(depth, segment.overflowed);
    for (let i = 0; i < segment.slots.length; i += 2) {
      const record = segment.slots[i + 1];
      if (record === 0) continue;
      const slotHash = segment.slots[i];
      const half = (slotHash >>> (32 - depth)) & 1;
      insertInto(half === 0 ? low : high, slotHash, record);
    }
    const entries = 1 << (this.#depth - depth);
    const first = (hash >>> (32 - segment.depth)) * 2 * entries;
    this.#directory.fill(low, first, first + entries);
    this.#directory.fill(high, first + entries, first + 2 * entries);
  }

  #doubleDirectory(): void {
    const doubled: Segment[] = [];
    for (const segment of this.#directory) doubled.push(segment, segment);
    this.#directory = doubled;
    this.#depth++;
  }
}

/** Takes the first free slot from the hash's own one on; too far away is not worth finding. */
function insertInto(segment: Segment, hash: number, record: number): boolean {
  const { slots } = segment;
  let slot = hash & SLOT_MASK;
  for (let probe = 0; probe < STORE_LIMITS.hashProbes; probe++) {
    const index = slot << 1;
    if (slots[index + 1] === 0) {
      slots[index] = hash;
      slots[index + 1] = record;
      segment.taken++;
      return true;
    }
    slot = (slot + 1) & SLOT_MASK;
  }
  segment.overflowed = true;
  return false;
}

/** Empties a slot and moves up what stood behind it only because it was taken. */
function removeFrom(segment: Segment, emptied: number): void {
  const { slots } = segment;
  let hole = emptied;
  for (
    let slot = (hole + 1) & SLOT_MASK;
    slots[(slot << 1) + 1] !== 0;
    slot = (slot + 1) & SLOT_MASK
  ) {
    const home = slots[slot << 1] & SLOT_MASK;
    const distanceFromHome = (slot - home) & SLOT_MASK;
    const distanceFromHole = (slot - hole) & SLOT_MASK;
    if (distanceFromHome < distanceFromHole) continue;
    slots[hole << 1] = slots[slot << 1];
    slots[(hole << 1) + 1] = slots[(slot << 1) + 1];
    hole = slot;
  }
  slots[hole << 1] = 0;
  slots[(hole << 1) + 1] = 0;
  segment.taken--;
}
