import { assert } from "./assert.ts";

/** Something that is found by its number. */
interface Numbered {
  /** An integer of at most 32 bits. */
  readonly id: number;
}

/** A power of two, as all sizes of the table. */
const SMALLEST_SLOTS = 16;
/** So much memory is never given back: a table that fills and empties all the time keeps its size. */
const KEPT_SLOTS = 512;

/** An odd number without structure: consecutive numbers come to lie far from each other. */
const SPREAD = 0x9e3779b1;

/**
 * Finds things by their numbers, for those of which thousands come and go in a second. A Map is not
 * fit for that: when it moves to new memory, the old, with all that was in it, refers to the new.
 * Once V8 has taken the old memory for long-lived, it keeps everything behind it alive until the next
 * collection of the whole heap, and half of all short-lived objects are copied instead of forgotten.
 */
export class IdTable<T extends Numbered> {
  #slots: (T | undefined)[] = emptySlots(SMALLEST_SLOTS);
  #size = 0;
  /** What leaves as many bits of a hash as number the slots. */
  #shift = shiftFor(SMALLEST_SLOTS);

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#slots[this.#slotOf(id)];
  }

  /** Adds what is not there yet. */
  add(item: T): void {
    if (this.#size * 2 >= this.#slots.length) this.#resize(this.#slots.length * 2);
    const slot = this.#slotOf(item.id);
    assert(this.#slots[slot] === undefined, "a number belongs to one thing");
    this.#slots[slot] = item;
    this.#size++;
  }

  /** Takes out what has this number, if there is something. */
  remove(id: number): void {
    const slot = this.#slotOf(id);
    if (this.#slots[slot] === undefined) return;
    this.#empty(slot);
    this.#size--;
    const count = this.#slots.length;
    if (count > KEPT_SLOTS && this.#size * 8 < count) this.#resize(count / 2);
  }

  /** All that is there, in the order of the numbers. */
  values(): T[] {
    const values: T[] = [];
    for (const item of this.#slots) if (item !== undefined) values.push(item);
    return values.sort((a, b) => a.id - b.id);
  }

  clear(): void {
    this.#size = 0;
    this.#resize(SMALLEST_SLOTS);
  }

  /** Where the number is, or else the free slot where it belongs; at least half of them are free. */
  #slotOf(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = this.#homeOf(id);
    for (;;) {
      const item = slots[slot];
      if (item === undefined || item.id === id) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #homeOf(id: number): number {
    return Math.imul(id, SPREAD) >>> this.#shift;
  }

  /** Frees a slot and moves up what stands behind it only because it was taken. */
  #empty(emptied: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = emptied;
    for (let slot = (hole + 1) & mask;; slot = (slot + 1) & mask) {
      const item = slots[slot];
      if (item === undefined) break;
      const fromHome = (slot - this.#homeOf(item.id)) & mask;
      if (fromHome < ((slot - hole) & mask)) continue;
      slots[hole] = item;
      hole = slot;
    }
    slots[hole] = undefined;
  }

  #resize(slotCount: number): void {
    const before = this.#slots;
    this.#slots = emptySlots(slotCount);
    this.#shift = shiftFor(slotCount);
    if (this.#size === 0) return;
    for (const item of before) {
      if (item !== undefined) this.#slots[this.#slotOf(item.id)] = item;
    }
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}

function shiftFor(slotCount: number): number {
  return 32 - Math.log2(slotCount);
}
