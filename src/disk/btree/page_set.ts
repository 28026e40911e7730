const WORD_BITS = 32;

/** A set of page numbers, one bit each. */
export class PageSet {
  #words: Uint32Array;
  #count = 0;

  constructor(pageCount = 0) {
    this.#words = new Uint32Array(Math.ceil(pageCount / WORD_BITS));
  }

  get count(): number {
    return this.#count;
  }

  has(id: number): boolean {
    const word = Math.floor(id / WORD_BITS);
    return word < this.#words.length && (this.#words[word] & (1 << (id % WORD_BITS))) !== 0;
  }

  /** False if it was there already. */
  add(id: number): boolean {
    const word = Math.floor(id / WORD_BITS);
    if (word >= this.#words.length) this.#grow(word + 1);
    const bit = 1 << (id % WORD_BITS);
    if ((this.#words[word] & bit) !== 0) return false;
    this.#words[word] |= bit;
    this.#count++;
    return true;
  }

  /** False if it was not there. */
  delete(id: number): boolean {
    if (!this.has(id)) return false;
    this.#words[Math.floor(id / WORD_BITS)] &= ~(1 << (id % WORD_BITS));
    this.#count--;
    return true;
  }

  /** The lowest member that is not below `from`; -1 if there is none. */
  next(from: number): number {
    return this.#find(from, 0);
  }

  /** The lowest number that is not below `from` and no member. */
  nextMissing(from: number): number {
    const id = this.#find(from, ~0);
    return id < 0 ? Math.max(from, this.#words.length * WORD_BITS) : id;
  }

  /** The first of the lowest `length` members in a row that are not below `from`; -1 if there are none. */
  findRun(length: number, from: number): number {
    let start = this.next(from);
    while (start >= 0) {
      const end = this.nextMissing(start);
      if (end - start >= length) return start;
      start = this.next(end);
    }
    return -1;
  }

  clear(): void {
    this.#words.fill(0);
    this.#count = 0;
  }

  clone(): PageSet {
    const copy = new PageSet();
    copy.#words = this.#words.slice();
    copy.#count = this.#count;
    return copy;
  }

  /** The lowest bit that is set after the words were combined with `flip` by exclusive or. */
  #find(from: number, flip: number): number {
    const words = this.#words;
    let word = Math.floor(from / WORD_BITS);
    if (word >= words.length) return -1;
    let bits = (words[word] ^ flip) & (~0 << (from % WORD_BITS));
    while (bits === 0) {
      word++;
      if (word === words.length) return -1;
      bits = words[word] ^ flip;
    }
    return word * WORD_BITS + 31 - Math.clz32(bits & -bits);
  }

  #grow(wordCount: number): void {
    const words = new Uint32Array(Math.max(wordCount, this.#words.length * 2));
    words.set(this.#words);
    this.#words = words;
  }
}
