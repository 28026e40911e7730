import { assert } from "../../base/assert.ts";

/** What RFC 7541 section 4.1 adds to the octets of name and value. */
const ENTRY_OVERHEAD_BYTES = 32;

/** The smallest ring; most peers use a handful of entries. */
const FIRST_RING_LENGTH = 16;

/** The size of a field as the table and the list bound count it. */
export function fieldSizeBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}

/** The dynamic table of RFC 7541 section 2.3.2: a ring whose newest entry has position 0. */
export class DynamicTable {
  #names: string[] = new Array<string>(FIRST_RING_LENGTH).fill("");
  #values: string[] = new Array<string>(FIRST_RING_LENGTH).fill("");
  #newest = 0;
  #count = 0;
  #sizeBytes = 0;
  #maxSizeBytes: number;
  #generation = 0;

  constructor(maxSizeBytes: number) {
    this.#maxSizeBytes = maxSizeBytes;
  }

  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get maxSizeBytes(): number {
    return this.#maxSizeBytes;
  }

  /** Differs whenever an index may mean another field than before, or another size is allowed. */
  get generation(): number {
    return this.#generation;
  }

  name(position: number): string {
    return this.#names[this.#slot(position)];
  }

  value(position: number): string {
    return this.#values[this.#slot(position)];
  }

  /** A field larger than the whole table empties it and is not kept: RFC 7541 section 4.4. */
  insert(name: string, value: string): void {
    const sizeBytes = fieldSizeBytes(name, value);
    this.#generation++;
    this.#evictTo(this.#maxSizeBytes - sizeBytes);
    if (sizeBytes > this.#maxSizeBytes) return;
    if (this.#count === this.#names.length) this.#grow();
    this.#newest = (this.#newest - 1) & (this.#names.length - 1);
    this.#names[this.#newest] = name;
    this.#values[this.#newest] = value;
    this.#count++;
    this.#sizeBytes += sizeBytes;
  }

  resize(maxSizeBytes: number): void {
    this.#maxSizeBytes = maxSizeBytes;
    this.#generation++;
    this.#evictTo(maxSizeBytes);
  }

  #evictTo(sizeBytes: number): void {
    while (this.#count > 0 && this.#sizeBytes > sizeBytes) {
      const slot = this.#slot(this.#count - 1);
      this.#sizeBytes -= fieldSizeBytes(this.#names[slot], this.#values[slot]);
      // The strings must not outlive the entry: a large one would stay with an idle connection.
      this.#names[slot] = "";
      this.#values[slot] = "";
      this.#count--;
      this.#generation++;
    }
  }

  #slot(position: number): number {
    assert(position >= 0 && position < this.#count, "a table position is below the entry count");
    return (this.#newest + position) & (this.#names.length - 1);
  }

  #grow(): void {
    const length = this.#names.length * 2;
    const names = new Array<string>(length).fill("");
    const values = new Array<string>(length).fill("");
    for (let position = 0; position < this.#count; position++) {
      const slot = this.#slot(position);
      names[position] = this.#names[slot];
      values[position] = this.#values[slot];
    }
    this.#names = names;
    this.#values = values;
    this.#newest = 0;
  }
}
