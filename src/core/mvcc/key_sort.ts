import { SIGN_BIT } from "../../base/btree_leaf.ts";
import type { KeyTable } from "./key_table.ts";
import { STORE_LIMITS } from "./limits.ts";

/** So few records are compared with each other as they are. */
const COMPARED_RECORDS = 4;
/** So few heads are best sorted by inserting one after the other. */
const INSERTED_HEADS = 48;
/** A head is sorted by so many bits at a time. */
const DIGIT_BITS = 8;
const DIGITS = 1 << DIGIT_BITS;
const HEAD_BITS = 32;
const SLICE = STORE_LIMITS.restoredKeysPerSlice;

/** Sorts records by their keys, which are all different, in slices. */
export function* sortRecords(table: KeyTable, records: Int32Array): Generator<void, void> {
  yield* new RecordSort(table, records).sort(0, records.length, 0);
}

/**
 * Keys are far apart in memory, so each is visited as rarely as possible: the heads (four bytes
 * of each key behind what all have in common) are sorted first, and then what has the same head
 * by what is behind that.
 */
class RecordSort {
  readonly #table: KeyTable;
  readonly #places = new Int32Array(DIGITS);
  /** Records and their heads, in which a pass over the digits begins, and where it ends. */
  #records: Int32Array;
  #heads: Int32Array;
  #nextRecords: Int32Array;
  #nextHeads: Int32Array;

  constructor(table: KeyTable, records: Int32Array) {
    this.#table = table;
    this.#records = records;
    this.#heads = new Int32Array(records.length);
    this.#nextRecords = new Int32Array(records.length);
    this.#nextHeads = new Int32Array(records.length);
  }

  /** Sorts places `from` up to `to`, the keys of which have the first `shared` words alike. */
  *sort(from: number, to: number, shared: number): Generator<void, void> {
    if (to - from <= SLICE) {
      this.#sortFew(from, to, shared);
      yield;
      return;
    }
    const words = yield* this.#findShared(from, to, shared);
    for (let start = from; start < to; start += SLICE) {
      this.#takeHeads(start, Math.min(start + SLICE, to), words);
      yield;
    }
    yield* this.#sortByHeads(from, to);
    yield* this.#sortGroups(from, to, words + 1);
  }

  #sortFew(from: number, to: number, shared: number): void {
    if (to - from <= COMPARED_RECORDS) {
      this.#sortByComparing(from, to);
      return;
    }
    const words = this.#narrowShared(from, from, to, shared, this.#wordsOf(from));
    this.#takeHeads(from, to, words);
    if (to - from <= INSERTED_HEADS) this.#insertHeads(from, to);
    else this.#distributeHeads(from, to);
    if (this.#areAlike(from, to)) {
      this.#sortZeros(from, to);
      return;
    }
    for (let start = from; start < to;) {
      const end = this.#endOfGroup(start, to);
      this.#sortFew(start, end, words + 1);
      start = end;
    }
  }

  /** Sorts what has the same head. */
  *#sortGroups(from: number, to: number, shared: number): Generator<void, void> {
    if (this.#areAlike(from, to)) {
      this.#sortZeros(from, to);
      return;
    }
    let sliceStart = from;
    for (let start = from; start < to;) {
      const end = this.#endOfGroup(start, to);
      if (end - start > SLICE) yield* this.sort(start, end, shared);
      else this.#sortFew(start, end, shared);
      if (end - sliceStart >= SLICE) {
        sliceStart = end;
        yield;
      }
      start = end;
    }
  }

  /** How many leading words all keys share. */
  *#findShared(from: number, to: number, shared: number): Generator<void, number> {
    let words = this.#wordsOf(from);
    for (let start = from; start < to; start += SLICE) {
      words = this.#narrowShared(from, start, Math.min(start + SLICE, to), shared, words);
      yield;
    }
    return words;
  }

  /** How many of `words` words some keys share with the first one; `shared` are known to be. */
  #narrowShared(first: number, from: number, to: number, shared: number, words: number): number {
    const records = this.#records;
    let left = words;
    for (let i = from; i < to && left > shared; i++) {
      left = this.#table.sharedWords(records[first], records[i], shared, left);
    }
    return left;
  }

  #wordsOf(place: number): number {
    return this.#table.keyLength(this.#records[place]) >>> 2;
  }

  #takeHeads(from: number, to: number, words: number): void {
    for (let i = from; i < to; i++) {
      this.#heads[i] = this.#table.headOf(this.#records[i], words * 4);
    }
  }

  *#sortByHeads(from: number, to: number): Generator<void, void> {
    for (let shift = 0; shift < HEAD_BITS; shift += DIGIT_BITS) {
      this.#findPlaces(from, to, shift);
      yield;
      for (let start = from; start < to; start += SLICE) {
        this.#distribute(start, Math.min(start + SLICE, to), shift);
        yield;
      }
      this.#swap();
    }
  }

  /** The same at once. */
  #distributeHeads(from: number, to: number): void {
    for (let shift = 0; shift < HEAD_BITS; shift += DIGIT_BITS) {
      this.#findPlaces(from, to, shift);
      this.#distribute(from, to, shift);
      this.#swap();
    }
  }

  /** Counts the digits, which tells where each belongs. */
  #findPlaces(from: number, to: number, shift: number): void {
    const heads = this.#heads;
    const places = this.#places.fill(0);
    for (let i = from; i < to; i++) places[digitOf(heads[i], shift)]++;
    let place = from;
    for (let digit = 0; digit < DIGITS; digit++) {
      const count = places[digit];
      places[digit] = place;
      place += count;
    }
  }

  #distribute(from: number, to: number, shift: number): void {
    const heads = this.#heads;
    const records = this.#records;
    for (let i = from; i < to; i++) {
      const place = this.#places[digitOf(heads[i], shift)]++;
      this.#nextHeads[place] = heads[i];
      this.#nextRecords[place] = records[i];
    }
  }

  /** A head has an even number of digits, so that everything ends where it began. */
  #swap(): void {
    [this.#heads, this.#nextHeads] = [this.#nextHeads, this.#heads];
    [this.#records, this.#nextRecords] = [this.#nextRecords, this.#records];
  }

  #insertHeads(from: number, to: number): void {
    const heads = this.#heads;
    const records = this.#records;
    for (let i = from + 1; i < to; i++) {
      const head = heads[i];
      const record = records[i];
      let at = i;
      for (; at > from && heads[at - 1] > head; at--) {
        heads[at] = heads[at - 1];
        records[at] = records[at - 1];
      }
      heads[at] = head;
      records[at] = record;
    }
  }

  #sortByComparing(from: number, to: number): void {
    const records = this.#records;
    for (let i = from + 1; i < to; i++) {
      const record = records[i];
      let at = i;
      for (; at > from && this.#table.compareRecords(records[at - 1], record) > 0; at--) {
        records[at] = records[at - 1];
      }
      records[at] = record;
    }
  }

  /** Heads behind what is shared are only alike where keys end and go on with zero bytes. */
  #sortZeros(from: number, to: number): void {
    this.#records.subarray(from, to).sort((a, b) => this.#table.compareRecords(a, b));
  }

  #areAlike(from: number, to: number): boolean {
    return this.#heads[from] === this.#heads[to - 1];
  }

  #endOfGroup(start: number, to: number): number {
    const heads = this.#heads;
    let end = start + 1;
    while (end < to && heads[end] === heads[start]) end++;
    return end;
  }
}

/** Heads are signed, so that their highest digit counts the other way round in its upper half. */
function digitOf(head: number, shift: number): number {
  return ((head ^ SIGN_BIT) >>> shift) & (DIGITS - 1);
}
