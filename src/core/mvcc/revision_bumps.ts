/** A place in the order of changes that holds nothing. */
export interface RevisionBump {
  readonly main: number;
  readonly sub: number;
}

/**
 * Pairs without value that etcd's tools leave in a restored file to let the next revision be a
 * higher one. No reader ever sees them, but they are hashed: to etcd they are puts of a key with
 * no name.
 */
export class RevisionBumps {
  readonly #bumps: RevisionBump[] = [];

  /** Oldest first. */
  get all(): readonly RevisionBump[] {
    return this.#bumps;
  }

  add(main: number, sub: number): void {
    this.#bumps.push({ main, sub });
  }

  /** The one that counts at a revision: to etcd it is the latest version of its key. */
  latestAt(revision: number): RevisionBump | undefined {
    return this.#bumps.findLast(({ main }) => main <= revision);
  }

  /** Takes out and returns those before the one that counts at a revision. */
  takeSuperseded(revision: number): RevisionBump[] {
    const latest = this.#bumps.findLastIndex(({ main }) => main <= revision);
    return latest <= 0 ? [] : this.#bumps.splice(0, latest);
  }
}
