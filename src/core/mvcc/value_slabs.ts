import { assert } from "../../base/assert.ts";
import { readUint32, writeUint32 } from "../../base/little_endian.ts";
import type { KeyValueRef } from "./change.ts";
import { keyValueSize, writeKeyValue } from "./key_value_encoding.ts";
import { STORE_LIMITS } from "./limits.ts";

/** In front of each item: its owner and its length, as 32-bit numbers. */
const ITEM_HEADER_BYTES = 8;

class Slab {
  readonly bytes: Uint8Array;
  /** Up to here items lie. */
  usedBytes = 0;
  /** How much of that is still needed, headers included. */
  liveBytes = 0;
  /** No item is of a higher revision. */
  highestRevision = 0;
  /** Nothing more will be added. */
  full = false;
  /** It waits for its live items to be moved out. */
  queued = false;
  /** Up to here no item is live any more. */
  clearedBytes = 0;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }
}

/** The owner of items: it is told what becomes of them. */
export interface SlabOwners {
  /** Whether the owner's item is the one at this place. */
  isAt(owner: number, slab: number, offset: number): boolean;
  moved(owner: number, slab: number, offset: number, length: number): void;
  /** The item is not here any more; it has to be read from where else it is. */
  evicted(owner: number): void;
}

/** A reference as this class hands them out. */
class SlabBytes implements KeyValueRef {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }
}

/**
 * Holds the encoded pairs. They lie one behind the other in large arrays (slabs), which are only
 * ever appended to, so that a reference stays good however long it is held. An item is known by
 * the number of its slab, its offset there and its length; each has an owner, a positive integer.
 *
 * Space comes back slab by slab: when most of one is released, the rest moves out; and when all
 * slabs together are beyond the budget, the oldest are evicted, as far as what they hold can be
 * read elsewhere.
 */
export class ValueSlabs {
  /** The place of the item that was added last. */
  slab = 0;
  offset = 0;
  length = 0;
  /** Items up to this revision can be read elsewhere. */
  evictableRevision = 0;
  readonly #budgetBytes: number;
  readonly #slabBytes: number;
  readonly #sharedItemBytes: number;
  readonly #slabs: (Slab | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #current: Slab;
  #currentNumber: number;
  /** Slabs whose items are to move out. */
  readonly #queue: number[] = [];
  /** The numbers of full slabs, in the order in which they became so. */
  readonly #full = new Set<number>();
  #allocatedBytes = 0;
  #liveBytes = 0;

  constructor(budgetBytes = Infinity) {
    this.#budgetBytes = budgetBytes;
    this.#slabBytes = slabBytesFor(budgetBytes);
    this.#sharedItemBytes = this.#slabBytes / STORE_LIMITS.sharedSlabItems;
    this.#currentNumber = this.#newSlab(this.#slabBytes);
    this.#current = this.#slabAt(this.#currentNumber);
  }

  /** The size of all slabs. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** How much of that is needed. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Adds the encoding of a pair; `slab`, `offset` and `length` then tell where it is. */
  addKeyValue(
    owner: number,
    key: Uint8Array,
    keyLength: number,
    createRevision: number,
    modRevision: number,
    version: number,
    value: Uint8Array,
    lease: bigint,
  ): void {
    const size = keyValueSize(
      keyLength,
      createRevision,
      modRevision,
      version,
      value.length,
      lease,
    );
    const target = this.#reserve(owner, size, modRevision);
    writeKeyValue(
      target,
      this.offset,
      key,
      0,
      keyLength,
      createRevision,
      modRevision,
      version,
      value,
      lease,
    );
  }

  /** Adds bytes[start, end), the encoding of a pair of the given revision. */
  addEncoded(
    owner: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    revision: number,
  ): void {
    const target = this.#reserve(owner, end - start, revision);
    target.set(bytes.subarray(start, end), this.offset);
  }

  read(slab: number, offset: number, length: number): KeyValueRef {
    return new SlabBytes(this.#slabAt(slab).bytes, offset, offset + length);
  }

  /** The array that holds a slab's items. */
  bytesOf(slab: number): Uint8Array {
    return this.#slabAt(slab).bytes;
  }

  /** The item is not needed any more, except by those who hold a reference. */
  release(number: number, length: number): void {
    const slab = this.#slabAt(number);
    slab.liveBytes -= ITEM_HEADER_BYTES + length;
    this.#liveBytes -= ITEM_HEADER_BYTES + length;
    if (slab.full) this.#queueIfWasteful(slab, number);
  }

  /**
   * Moves items out of slabs that are mostly released, up to about `budgetBytes`, and gives the
   * emptied slabs back. Returns whether there is more to do.
   */
  reclaim(budgetBytes: number, owners: SlabOwners): boolean {
    let budget = budgetBytes;
    while (this.#queue.length > 0 && budget > 0) {
      const number = this.#queue[0];
      const slab = this.#slabAt(number);
      // What would be evicted next is not worth moving.
      const evicts = this.isOverBudget && this.#isEvictable(slab);
      budget -= this.#clear(number, slab, budget, owners, evicts);
    }
    return this.#queue.length > 0;
  }

  /** Whether values that lie elsewhere as well may be added without others being evicted for them. */
  get hasRoom(): boolean {
    return this.#allocatedBytes < this.#budgetBytes;
  }

  get isOverBudget(): boolean {
    return this.#allocatedBytes > this.#budgetBytes;
  }

  /**
   * Evicts the oldest slabs while all together are beyond the budget, up to about `budgetBytes`.
   * Returns whether there is more to do.
   */
  evict(budgetBytes: number, owners: SlabOwners): boolean {
    let budget = budgetBytes;
    while (this.isOverBudget) {
      const number = this.#oldestFull();
      const slab = this.#slabs[number];
      if (slab === undefined || !this.#isEvictable(slab)) return false;
      if (budget <= 0) return true;
      budget -= this.#clear(number, slab, budget, owners, true);
    }
    return false;
  }

  /** Verifies the accounts against `liveBytes`, the bytes that owners hold, slab by slab. */
  check(liveBytes: ReadonlyMap<number, number>): void {
    let live = 0;
    this.#slabs.forEach((slab, number) => {
      if (slab === undefined) return;
      live += slab.liveBytes;
      assert(slab.liveBytes === (liveBytes.get(number) ?? 0), "a slab knows what is needed of it");
      assert(slab.usedBytes <= slab.bytes.length, "a slab is not overfull");
      assert(slab.full || number === this.#currentNumber, "one slab is being filled");
      assert(slab.full === this.#full.has(number), "full slabs are known");
      assert(slab.queued === this.#queue.includes(number), "queued slabs are in the queue");
    });
    assert(live === this.#liveBytes, "the sum of the slabs is kept");
  }

  /** What an item of so many bytes takes of a slab. */
  static itemBytes(length: number): number {
    return ITEM_HEADER_BYTES + length;
  }

  #oldestFull(): number {
    for (const number of this.#full) return number;
    return -1;
  }

  #isEvictable(slab: Slab): boolean {
    return slab.highestRevision <= this.evictableRevision;
  }

  /** Moves or evicts the next live items of a full slab; gives it back when none is left. */
  #clear(
    number: number,
    slab: Slab,
    budget: number,
    owners: SlabOwners,
    evicts: boolean,
  ): number {
    const start = slab.clearedBytes;
    while (slab.liveBytes > 0 && slab.clearedBytes - start < budget) {
      const owner = readUint32(slab.bytes, slab.clearedBytes);
      const length = readUint32(slab.bytes, slab.clearedBytes + 4);
      const offset = slab.clearedBytes + ITEM_HEADER_BYTES;
      slab.clearedBytes = offset + length;
      if (!owners.isAt(owner, number, offset)) continue;
      slab.liveBytes -= ITEM_HEADER_BYTES + length;
      this.#liveBytes -= ITEM_HEADER_BYTES + length;
      if (evicts) owners.evicted(owner);
      else this.#move(slab, offset, length, owner, owners);
    }
    const clearedBytes = slab.clearedBytes - start;
    if (slab.liveBytes === 0) this.#drop(number, slab);
    return Math.max(clearedBytes, ITEM_HEADER_BYTES);
  }

  #move(from: Slab, offset: number, length: number, owner: number, owners: SlabOwners): void {
    const target = this.#reserve(owner, length, from.highestRevision);
    target.set(from.bytes.subarray(offset, offset + length), this.offset);
    owners.moved(owner, this.slab, this.offset, length);
  }

  /** Makes room for an item and returns the array in which it belongs at `this.offset`. */
  #reserve(owner: number, length: number, revision: number): Uint8Array {
    const size = ITEM_HEADER_BYTES + length;
    let slab = this.#current;
    let number = this.#currentNumber;
    if (size > this.#sharedItemBytes) {
      number = this.#newSlab(size);
      slab = this.#slabAt(number);
      this.#markFull(slab, number);
    } else if (slab.usedBytes + size > slab.bytes.length) {
      this.#markFull(slab, number);
      this.#queueIfWasteful(slab, number);
      number = this.#newSlab(this.#slabBytes);
      slab = this.#slabAt(number);
      this.#current = slab;
      this.#currentNumber = number;
    }
    const at = slab.usedBytes;
    writeUint32(slab.bytes, at, owner);
    writeUint32(slab.bytes, at + 4, length);
    slab.usedBytes = at + size;
    slab.liveBytes += size;
    // What is moved may be older than what is there already.
    if (revision > slab.highestRevision) slab.highestRevision = revision;
    this.#liveBytes += size;
    this.slab = number;
    this.offset = at + ITEM_HEADER_BYTES;
    this.length = length;
    return slab.bytes;
  }

  #markFull(slab: Slab, number: number): void {
    slab.full = true;
    this.#full.add(number);
  }

  #queueIfWasteful(slab: Slab, number: number): void {
    if (slab.queued || slab.liveBytes * 2 > slab.usedBytes) return;
    slab.queued = true;
    this.#queue.push(number);
  }

  #newSlab(sizeBytes: number): number {
    const number = this.#freeNumbers.pop() ?? this.#slabs.length;
    this.#slabs[number] = new Slab(sizeBytes);
    this.#allocatedBytes += sizeBytes;
    return number;
  }

  #drop(number: number, slab: Slab): void {
    if (slab.queued) this.#queue.splice(this.#queue.indexOf(number), 1);
    this.#full.delete(number);
    this.#slabs[number] = undefined;
    this.#freeNumbers.push(number);
    this.#allocatedBytes -= slab.bytes.length;
  }

  #slabAt(number: number): Slab {
    const slab = this.#slabs[number];
    assert(slab !== undefined, "the slab is there");
    return slab;
  }
}

/** The smaller the budget, the smaller the pieces in which it is kept. */
function slabBytesFor(budgetBytes: number): number {
  const share = Math.floor(budgetBytes / STORE_LIMITS.slabsPerBudget);
  return Math.min(STORE_LIMITS.slabBytes, Math.max(STORE_LIMITS.smallestSlabBytes, share));
}
