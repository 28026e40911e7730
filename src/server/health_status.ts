/** What the gRPC health service says of this member, and who wants to hear when that changes. */
export class HealthStatus {
  readonly #listeners = new Set<(isServing: boolean) => void>();
  #absences = 0;

  get isServing(): boolean {
    return this.#absences === 0;
  }

  listen(changed: (isServing: boolean) => void): void {
    this.#listeners.add(changed);
  }

  unlisten(changed: (isServing: boolean) => void): void {
    this.#listeners.delete(changed);
  }

  /** Says that the member does not serve until the work is done. */
  async absentDuring<T>(work: () => Promise<T>): Promise<T> {
    this.#add(1);
    try {
      return await work();
    } finally {
      this.#add(-1);
    }
  }

  #add(count: number): void {
    const wasServing = this.isServing;
    this.#absences += count;
    if (this.isServing === wasServing) return;
    for (const changed of this.#listeners) changed(this.isServing);
  }
}
