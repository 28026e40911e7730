import { STORE_LIMITS } from "./limits.ts";

const CHUNK = STORE_LIMITS.revisionsPerChunk;

/** From a main revision to the first of its changes in the log. Revisions are added in order. */
export class RevisionIndex {
  /** In ascending order, as revisions are added. */
  readonly #chunks = new Map<number, Int32Array>();
  /** The chunk of the revision added last, and its number. */
  #last = new Int32Array(0);
  #lastNumber = -1;

  add(revision: number, change: number): void {
    const number = Math.floor(revision / CHUNK);
    if (number !== this.#lastNumber) this.#addChunk(number);
    this.#last[revision - number * CHUNK] = change;
  }

  /** The first change of the first indexed revision from `revision` on, or 0. */
  firstFrom(revision: number): number {
    const number = Math.floor(revision / CHUNK);
    if (number > this.#lastNumber) return 0;
    const chunk = this.#chunks.get(number);
    const change = chunk === undefined ? 0 : firstIn(chunk, revision - number * CHUNK);
    if (change !== 0 || number === this.#lastNumber) return change;
    // Revisions are missing at the beginning, and in a store restored with bumped revisions.
    for (const [laterNumber, later] of this.#chunks) {
      if (laterNumber <= number) continue;
      const first = firstIn(later, 0);
      if (first !== 0) return first;
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
  }

  #addChunk(number: number): void {
    this.#last = new Int32Array(CHUNK);
    this.#lastNumber = number;
    this.#chunks.set(number, this.#last);
  }
}

function firstIn(chunk: Int32Array, from: number): number {
  for (let place = from; place < CHUNK; place++) if (chunk[place] !== 0) return chunk[place];
  return 0;
}
