const INITIAL_CAPACITY = 64;

/** In the word of the sub revision. */
const TOMBSTONE_BIT = 0x4000_0000;

/** Changes that were removed from memory and are to be deleted from the file too. */
export class RemovedChanges {
  #mains = new Float64Array(INITIAL_CAPACITY);
  #subs = new Int32Array(INITIAL_CAPACITY);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  main(index: number): number {
    return this.#mains[index];
  }

  sub(index: number): number {
    return this.#subs[index] & ~TOMBSTONE_BIT;
  }

  isTombstone(index: number): boolean {
    return (this.#subs[index] & TOMBSTONE_BIT) !== 0;
  }

  add(main: number, sub: number, tombstone: boolean): void {
    if (this.#count === this.#mains.length) this.#grow();
    this.#mains[this.#count] = main;
    this.#subs[this.#count] = tombstone ? sub | TOMBSTONE_BIT : sub;
    this.#count++;
  }

  #grow(): void {
    const mains = new Float64Array(this.#mains.length * 2);
    const subs = new Int32Array(this.#subs.length * 2);
    mains.set(this.#mains);
    subs.set(this.#subs);
    this.#mains = mains;
    this.#subs = subs;
  }
}
