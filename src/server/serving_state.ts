/** Whether the member says that it serves, and who wants to hear when that changes. */
export class ServingState {
  readonly #listeners = new Set<() => void>();
  #pauseCount = 0;

  get isServing(): boolean {
    return this.#pauseCount === 0;
  }

  /** Says that the member does not serve while `work` is under way. */
  async pausedDuring<T>(work: () => Promise<T>): Promise<T> {
    this.#change(1);
    try {
      return await work();
    } finally {
      this.#change(-1);
    }
  }

  /** `listener` is called after each change, until it is taken out by `delete`. */
  add(listener: () => void): void {
    this.#listeners.add(listener);
  }

  delete(listener: () => void): void {
    this.#listeners.delete(listener);
  }

  #change(by: number): void {
    const before = this.isServing;
    this.#pauseCount += by;
    if (this.isServing === before) return;
    for (const listener of [...this.#listeners]) listener();
  }
}
