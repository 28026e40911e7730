import { STORE_LIMITS } from "./limits.ts";

const CHUNK = STORE_LIMITS.revisionsPerChunk;

/** From a main revision to the first of its changes in the log. Revisions are added in order. */
export class RevisionIndex {
  readonly #chunks = new Map<number, Int32Array>();
  /** The chunk of the revision added last, and the lowest and highest number of a chunk. */
  #last = new Int32Array(0);
  #lastNumber = -1;
  #firstNumber = 0;

  add(revision: number, change: number): void {
    const number = Math.floor(revision / CHUNK);
    if (number !== this.#lastNumber) this.#addChunk(number);
    this.#last[revision - number * CHUNK] = change;
  }

  /** The first change of the first indexed revision from `revision` on, or 0. */
  firstFrom(revision: number): number {
    let number = Math.floor(revision / CHUNK);
    let place = revision - number * CHUNK;
    if (number < this.#firstNumber) {
      number = this.#firstNumber;
      place = 0;
    }
    // Revisions can be missing in a store restored from a backup with bumped revisions.
    for (; number <= this.#lastNumber; number++, place = 0) {
      const chunk = this.#chunks.get(number);
      if (chunk === undefined) continue;
      for (; place < CHUNK; place++) if (chunk[place] !== 0) return chunk[place];
    }
    return 0;
  }

  /** Revisions below this one will not be asked for again. */
  dropBelow(revision: number): void {
    const first = Math.floor(revision / CHUNK);
    for (const number of this.#chunks.keys()) {
      if (number >= first || number === this.#lastNumber) break;
      this.#chunks.delete(number);
    }
    this.#firstNumber = Math.min(first, Math.max(this.#lastNumber, 0));
  }

  #addChunk(number: number): void {
    if (this.#lastNumber === -1) this.#firstNumber = number;
    this.#last = new Int32Array(CHUNK);
    this.#lastNumber = number;
    this.#chunks.set(number, this.#last);
  }
}
