/** A set of stream ids that forgets the oldest when it is full. */
export class RecentIds {
  readonly #maxCount: number;
  readonly #ids = new Set<number>();

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  add(id: number): void {
    this.#ids.add(id);
    if (this.#ids.size <= this.#maxCount) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      break;
    }
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }
}
