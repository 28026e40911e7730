/** A key that this proxy is asking the servers for. */
export class Acquisition {
  readonly key: string;
  readonly #over = Promise.withResolvers<void>();
  /** The last revision at which somebody else took the key away. */
  #lostRevision = 0;
  /** The last revision at which the servers gave the key to this proxy. */
  #wonRevision = 0;

  constructor(key: string) {
    this.key = key;
  }

  /** Resolves when it is known how it went. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** The revision of an acquisition that is not the answer, if there was one: a lost answer's. */
  get wonRevision(): number {
    return this.#wonRevision;
  }

  /** The watch tells that this proxy has the key. */
  noteWon(revision: number): void {
    this.#wonRevision = Math.max(this.#wonRevision, revision);
  }

  /** The watch tells that somebody else wants the key, or that it is gone. */
  noteLost(revision: number): void {
    this.#lostRevision = Math.max(this.#lostRevision, revision);
  }

  /** Whether a key that was acquired at a revision is still there when the answer comes. */
  holds(createRevision: number): boolean {
    return this.#lostRevision <= createRevision;
  }

  end(): void {
    this.#over.resolve();
  }
}
