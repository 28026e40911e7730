import { assert } from "../../base/assert.ts";
import type { KeyValueRef } from "./change.ts";
import {
  keyValueSize,
  tombstoneSize,
  writeKeyValue,
  writeTombstone,
} from "./key_value_encoding.ts";
import { STORE_LIMITS } from "./limits.ts";

/** In front of each item: its owner and its length, as 32-bit numbers. */
const ITEM_HEADER_BYTES = 8;

class Slab {
  readonly bytes: Uint8Array;
  /** Up to here items lie. */
  usedBytes = 0;
  /** How much of that is still needed, headers included. */
  liveBytes = 0;
  /** Nothing more will be added. */
  full = false;
  /** It waits for its live items to be moved out. */
  queued = false;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }
}

/** The owner of items: it is told where they are moved to. */
export interface SlabOwners {
  /** Whether the owner's item is the one at this place. */
  isAt(owner: number, slab: number, offset: number): boolean;
  moved(owner: number, slab: number, offset: number, length: number): void;
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
 * Space comes back slab by slab: when most of one is released, the rest moves out.
 */
export class ValueSlabs {
  /** The place of the item that was added last. */
  slab = 0;
  offset = 0;
  length = 0;
  readonly #slabs: (Slab | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #current: Slab;
  #currentNumber: number;
  /** Slabs to give back, and how far the first of them has been moved out. */
  readonly #queue: number[] = [];
  #movedBytes = 0;
  #allocatedBytes = 0;
  #liveBytes = 0;

  constructor() {
    this.#currentNumber = this.#newSlab(STORE_LIMITS.slabBytes);
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
    const target = this.#reserve(owner, size);
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

  /** Adds what is told of a deleted key. */
  addTombstone(
    owner: number,
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    modRevision: number,
  ): void {
    const target = this.#reserve(owner, tombstoneSize(keyLength, modRevision));
    writeTombstone(target, this.offset, key, keyStart, keyLength, modRevision);
  }

  read(slab: number, offset: number, length: number): KeyValueRef {
    return new SlabBytes(this.#slabAt(slab).bytes, offset, offset + length);
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
      budget -= this.#moveItems(slab, number, budget, owners);
      if (slab.liveBytes === 0) this.#drop(number, slab);
    }
    return this.#queue.length > 0;
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
    });
    assert(live === this.#liveBytes, "the sum of the slabs is kept");
  }

  /** What an item of so many bytes takes of a slab. */
  static itemBytes(length: number): number {
    return ITEM_HEADER_BYTES + length;
  }

  #moveItems(slab: Slab, number: number, budget: number, owners: SlabOwners): number {
    const start = this.#movedBytes;
    while (this.#movedBytes < slab.usedBytes && this.#movedBytes - start < budget) {
      if (slab.liveBytes === 0) break;
      const owner = readUint32(slab.bytes, this.#movedBytes);
      const length = readUint32(slab.bytes, this.#movedBytes + 4);
      const offset = this.#movedBytes + ITEM_HEADER_BYTES;
      if (owners.isAt(owner, number, offset)) this.#move(slab, offset, length, owner, owners);
      this.#movedBytes = offset + length;
    }
    return Math.max(this.#movedBytes - start, ITEM_HEADER_BYTES);
  }

  #move(from: Slab, offset: number, length: number, owner: number, owners: SlabOwners): void {
    const target = this.#reserve(owner, length);
    target.set(from.bytes.subarray(offset, offset + length), this.offset);
    from.liveBytes -= ITEM_HEADER_BYTES + length;
    this.#liveBytes -= ITEM_HEADER_BYTES + length;
    owners.moved(owner, this.slab, this.offset, length);
  }

  /** Makes room for an item and returns the array in which it belongs at `this.offset`. */
  #reserve(owner: number, length: number): Uint8Array {
    const size = ITEM_HEADER_BYTES + length;
    let slab = this.#current;
    let number = this.#currentNumber;
    if (size > STORE_LIMITS.sharedSlabItemBytes) {
      number = this.#newSlab(size);
      slab = this.#slabAt(number);
      slab.full = true;
    } else if (slab.usedBytes + size > slab.bytes.length) {
      slab.full = true;
      this.#queueIfWasteful(slab, number);
      number = this.#newSlab(STORE_LIMITS.slabBytes);
      slab = this.#slabAt(number);
      this.#current = slab;
      this.#currentNumber = number;
    }
    const at = slab.usedBytes;
    writeUint32(slab.bytes, at, owner);
    writeUint32(slab.bytes, at + 4, length);
    slab.usedBytes = at + size;
    slab.liveBytes += size;
    this.#liveBytes += size;
    this.slab = number;
    this.offset = at + ITEM_HEADER_BYTES;
    this.length = length;
    return slab.bytes;
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
    this.#queue.shift();
    this.#movedBytes = 0;
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

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
