import { assert } from "../../base/assert.ts";
import { SIGN_BIT } from "../../base/btree_leaf.ts";
import { latin1FromBytes } from "../../base/bytes.ts";
import type { KeyBytes } from "./key_bytes.ts";
import { STORE_LIMITS } from "./limits.ts";

/** A record's address is the number of its chunk, then the number of its first unit in there. */
const UNIT_BITS = Math.log2(STORE_LIMITS.keyChunkUnits);
const UNIT_MASK = STORE_LIMITS.keyChunkUnits - 1;
const MAX_CHUNKS = 1 << (31 - UNIT_BITS);

/**
 * A record, in units of 8 bytes: createRevision, version and modRevision as floats, lease as
 * int64; then 32-bit numbers: latest change, number of retained changes, slab, offset and length
 * of the latest value, key length; then the key, filled up with zero bytes.
 */
const CREATE_REVISION = 0;
const VERSION = 1;
const MOD_REVISION = 2;
const LEASE = 3;
const LATEST_CHANGE = 8;
const RETAINED_CHANGES = 9;
const SLAB = 10;
const OFFSET = 11;
const LENGTH = 12;
const KEY_LENGTH = 13;
const KEY_WORD = 14;
const HEADER_BYTES = 56;

class Chunk {
  readonly floats: Float64Array;
  readonly longs: BigInt64Array;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;

  constructor(units: number) {
    const buffer = new ArrayBuffer(units * 8);
    this.floats = new Float64Array(buffer);
    this.longs = new BigInt64Array(buffer);
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }
}

const NO_CHUNK = new Chunk(0);

/**
 * One record for each key that exists or has history: the key itself and what is known of its
 * latest version. Records are not objects but lie in large arrays, so that a million keys are
 * nothing for the garbage collector to visit; an address (a positive integer) stands for one.
 */
export class KeyTable {
  readonly #chunks: Chunk[] = [];
  /** Addresses of freed records, by length in units. */
  readonly #free: (number[] | undefined)[] = [];
  /** Numbers of chunks that held one long record each. */
  readonly #freeChunks: number[] = [];
  #currentChunk = 0;
  /** Unit 0 of chunk 0 stays unused, so that address 0 can mean "none". */
  #nextUnit = 1;
  #count = 0;

  constructor() {
    this.#chunks.push(new Chunk(STORE_LIMITS.keyChunkUnits));
  }

  /** How many records there are. */
  get count(): number {
    return this.#count;
  }

  /** Makes a record for a key that has no version yet. */
  add(key: KeyBytes): number {
    const units = unitsOf(key.length);
    const record = this.#freeRecord(units) ?? this.#newRecord(units);
    const { floats, words } = this.#chunks[record >>> UNIT_BITS];
    const unit = record & UNIT_MASK;
    floats.fill(0, unit, unit + HEADER_BYTES / 8);
    const word = unit << 1;
    words[word + KEY_LENGTH] = key.length;
    const wordCount = (key.length + 3) >>> 2;
    for (let i = 0; i < wordCount; i++) words[word + KEY_WORD + i] = key.words[i];
    this.#count++;
    return record;
  }

  /** Gives a record back; its address will stand for another key. */
  remove(record: number): void {
    const units = unitsOf(this.keyLength(record));
    this.#count--;
    if (units > STORE_LIMITS.sharedKeyRecordUnits) {
      this.#chunks[record >>> UNIT_BITS] = NO_CHUNK;
      this.#freeChunks.push(record >>> UNIT_BITS);
      return;
    }
    const free = this.#free[units];
    if (free === undefined) this.#free[units] = [record];
    else free.push(record);
  }

  key(record: number): string {
    const start = this.keyStart(record);
    return latin1FromBytes(this.keyArray(record), start, start + this.keyLength(record));
  }

  /** The array that holds the record's key. */
  keyArray(record: number): Uint8Array {
    return this.#chunks[record >>> UNIT_BITS].bytes;
  }

  keyStart(record: number): number {
    return ((record & UNIT_MASK) << 3) + HEADER_BYTES;
  }

  keyLength(record: number): number {
    return this.#word(record, KEY_LENGTH);
  }

  hasKey(record: number, key: KeyBytes): boolean {
    const { words } = this.#chunks[record >>> UNIT_BITS];
    const base = (record & UNIT_MASK) << 1;
    const length = key.length;
    if (words[base + KEY_LENGTH] !== length) return false;
    const own = base + KEY_WORD;
    const wordCount = (length + 3) >>> 2;
    const other = key.words;
    for (let i = 0; i < wordCount; i++) if (words[own + i] !== other[i]) return false;
    return true;
  }

  /** Negative, zero or positive, as the record's key sorts before, with or behind `key`. */
  compareKey(record: number, key: KeyBytes): number {
    const { words } = this.#chunks[record >>> UNIT_BITS];
    const base = (record & UNIT_MASK) << 1;
    const length = words[base + KEY_LENGTH];
    const own = base + KEY_WORD;
    const other = key.words;
    const wordCount = (Math.min(length, key.length) + 3) >>> 2;
    for (let i = 0; i < wordCount; i++) {
      const difference = words[own + i] ^ other[i];
      if (difference !== 0) return compareFirstByte(words[own + i], other[i], difference);
    }
    return length - key.length;
  }

  /** Negative or positive, as the first of two different keys sorts before or behind the second. */
  compareRecords(a: number, b: number): number {
    const wordsOfA = this.#chunks[a >>> UNIT_BITS].words;
    const wordsOfB = this.#chunks[b >>> UNIT_BITS].words;
    const baseOfA = (a & UNIT_MASK) << 1;
    const baseOfB = (b & UNIT_MASK) << 1;
    const lengthOfA = wordsOfA[baseOfA + KEY_LENGTH];
    const lengthOfB = wordsOfB[baseOfB + KEY_LENGTH];
    const wordCount = (Math.min(lengthOfA, lengthOfB) + 3) >>> 2;
    for (let i = KEY_WORD; i < KEY_WORD + wordCount; i++) {
      const wordOfA = wordsOfA[baseOfA + i];
      const wordOfB = wordsOfB[baseOfB + i];
      const difference = wordOfA ^ wordOfB;
      if (difference !== 0) return compareFirstByte(wordOfA, wordOfB, difference);
    }
    return lengthOfA - lengthOfB;
  }

  /**
   * How many leading words of four bytes two keys share, at most `max`; the first `shared` are
   * known to be alike.
   */
  sharedWords(a: number, b: number, shared: number, max: number): number {
    const wordsOfA = this.#chunks[a >>> UNIT_BITS].words;
    const wordsOfB = this.#chunks[b >>> UNIT_BITS].words;
    const ownOfA = ((a & UNIT_MASK) << 1) + KEY_WORD;
    const ownOfB = ((b & UNIT_MASK) << 1) + KEY_WORD;
    const end = Math.min(max, wordsOfB[ownOfB + KEY_LENGTH - KEY_WORD] >>> 2);
    let words = shared;
    while (words < end && wordsOfA[ownOfA + words] === wordsOfB[ownOfB + words]) words++;
    return words;
  }

  /** Four bytes of the key from `offset` on, as a number that orders like them. */
  headOf(record: number, offset: number): number {
    const bytes = this.keyArray(record);
    const at = this.keyStart(record) + offset;
    const rest = this.keyLength(record) - offset;
    let head = 0;
    for (let i = 0; i < 4; i++) head = (head << 8) | (i < rest ? bytes[at + i] : 0);
    return head ^ SIGN_BIT;
  }

  createRevision(record: number): number {
    return this.#float(record, CREATE_REVISION);
  }

  /** 0 if the key does not exist at present. */
  version(record: number): number {
    return this.#float(record, VERSION);
  }

  /** The revision of the latest change, also if that was a delete. */
  modRevision(record: number): number {
    return this.#float(record, MOD_REVISION);
  }

  lease(record: number): bigint {
    return this.#chunks[record >>> UNIT_BITS].longs[(record & UNIT_MASK) + LEASE];
  }

  /** The same as `lease() !== 0n` without making a bigint. */
  hasLease(record: number): boolean {
    const { words } = this.#chunks[record >>> UNIT_BITS];
    const low = ((record & UNIT_MASK) + LEASE) << 1;
    return (words[low] | words[low + 1]) !== 0;
  }

  /** The latest change in the revision log. */
  latestChange(record: number): number {
    return this.#word(record, LATEST_CHANGE);
  }

  slab(record: number): number {
    return this.#word(record, SLAB);
  }

  offset(record: number): number {
    return this.#word(record, OFFSET);
  }

  length(record: number): number {
    return this.#word(record, LENGTH);
  }

  setSlab(record: number, slab: number): void {
    const { words } = this.#chunks[record >>> UNIT_BITS];
    words[((record & UNIT_MASK) << 1) + SLAB] = slab;
  }

  /** How many of the key's changes the revision log holds. */
  retainedChanges(record: number): number {
    return this.#word(record, RETAINED_CHANGES);
  }

  addRetainedChanges(record: number, change: number): void {
    const { words } = this.#chunks[record >>> UNIT_BITS];
    words[((record & UNIT_MASK) << 1) + RETAINED_CHANGES] += change;
  }

  setLatestChange(record: number, change: number): void {
    const { words } = this.#chunks[record >>> UNIT_BITS];
    words[((record & UNIT_MASK) << 1) + LATEST_CHANGE] = change;
  }

  setVersion(
    record: number,
    createRevision: number,
    modRevision: number,
    version: number,
  ): void {
    const { floats } = this.#chunks[record >>> UNIT_BITS];
    const unit = record & UNIT_MASK;
    floats[unit + CREATE_REVISION] = createRevision;
    floats[unit + VERSION] = version;
    floats[unit + MOD_REVISION] = modRevision;
  }

  setLease(record: number, lease: bigint): void {
    this.#chunks[record >>> UNIT_BITS].longs[(record & UNIT_MASK) + LEASE] = lease;
  }

  setPlace(record: number, slab: number, offset: number, length: number): void {
    const { words } = this.#chunks[record >>> UNIT_BITS];
    const base = (record & UNIT_MASK) << 1;
    words[base + SLAB] = slab;
    words[base + OFFSET] = offset;
    words[base + LENGTH] = length;
  }

  #float(record: number, field: number): number {
    return this.#chunks[record >>> UNIT_BITS].floats[(record & UNIT_MASK) + field];
  }

  #word(record: number, field: number): number {
    return this.#chunks[record >>> UNIT_BITS].words[((record & UNIT_MASK) << 1) + field];
  }

  #freeRecord(units: number): number | undefined {
    return this.#free[units]?.pop();
  }

  #newRecord(units: number): number {
    if (units > STORE_LIMITS.sharedKeyRecordUnits) return this.#newChunk(units) << UNIT_BITS;
    if (this.#nextUnit + units > STORE_LIMITS.keyChunkUnits) {
      this.#currentChunk = this.#newChunk(STORE_LIMITS.keyChunkUnits);
      this.#nextUnit = 0;
    }
    const record = (this.#currentChunk << UNIT_BITS) + this.#nextUnit;
    this.#nextUnit += units;
    return record;
  }

  #newChunk(units: number): number {
    const number = this.#freeChunks.pop() ?? this.#chunks.length;
    assert(number < MAX_CHUNKS, "key records fit into their address space");
    this.#chunks[number] = new Chunk(units);
    return number;
  }
}

function unitsOf(keyLength: number): number {
  return (HEADER_BYTES + keyLength + 7) >>> 3;
}

/** Compares two different little-endian words by the first byte in which they differ. */
function compareFirstByte(a: number, b: number, difference: number): number {
  // The lowest set bit of the difference lies in that byte.
  const shift = (31 - Math.clz32(difference & -difference)) & 24;
  return ((a >>> shift) & 0xff) - ((b >>> shift) & 0xff);
}
