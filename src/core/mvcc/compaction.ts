import type { Keyspace } from "./keyspace.ts";
import type { StoreCounters } from "./store_counters.ts";

/** Moving so many bytes of values counts as one step. */
const RECLAIMED_BYTES_PER_STEP = 256;
/** Removing a change touches the index and the values: it costs as much as a few looks at one. */
const STEPS_PER_REMOVAL = 3;

/**
 * The removal of what a compaction has made unreachable, in slices: every change before the
 * latest one up to the compaction's revision, of each key, and that one too if it is a tombstone.
 * Changes of exactly that revision all stay: a watch may start there and must see them.
 *
 * Only the changes since the compaction before are looked at, for the older ones that remain can
 * only be superseded by these.
 */
export class Compaction {
  readonly revision: number;
  readonly #keyspace: Keyspace;
  readonly #counters: StoreCounters;
  /** Removals run in the order of their revisions. */
  #predecessor: Compaction | undefined;
  readonly #from: number;
  #phase: "waiting" | "leftovers" | "changes" | "space" | "done" = "waiting";
  /** What the compaction before has kept for the sake of watches, and how much of it is gone. */
  #leftovers: readonly number[] = [];
  #removedLeftovers = 0;
  /** The change to look at next. */
  #change = 0;

  constructor(
    keyspace: Keyspace,
    counters: StoreCounters,
    revision: number,
    previousRevision: number,
    predecessor: Compaction | undefined,
  ) {
    this.#keyspace = keyspace;
    this.#counters = counters;
    this.revision = revision;
    this.#from = previousRevision + 1;
    this.#predecessor = predecessor;
  }

  get isDone(): boolean {
    return this.#phase === "done";
  }

  /** Does about `budget` steps of work, of about a microsecond each. Returns whether more remains. */
  step(budget: number): boolean {
    // A hash that is being made needs what would be removed.
    if (this.#keyspace.pins > 0) return !this.isDone;
    if (this.#predecessor !== undefined) {
      if (this.#predecessor.step(budget)) return true;
      this.#predecessor = undefined;
    }
    let rest = budget;
    while (rest > 0 && this.#phase !== "done") rest = this.#continue(rest);
    return !this.isDone;
  }

  /** Works on the present phase; returns what is left of the budget. */
  #continue(budget: number): number {
    switch (this.#phase) {
      case "waiting":
        this.#begin();
        return budget;
      case "leftovers":
        return this.#removeLeftovers(budget);
      case "changes":
        return this.#removeChanges(budget);
      default:
        return this.#reclaimSpace(budget);
    }
  }

  #begin(): void {
    this.#leftovers = this.#keyspace.compactionLeftovers;
    this.#keyspace.compactionLeftovers = [];
    this.#change = this.#keyspace.log.firstFrom(this.#from);
    this.#phase = "leftovers";
  }

  #removeLeftovers(budget: number): number {
    let rest = budget;
    while (rest > 0 && this.#removedLeftovers < this.#leftovers.length) {
      rest -= this.#remove(this.#leftovers[this.#removedLeftovers++]);
    }
    if (this.#removedLeftovers === this.#leftovers.length) {
      this.#leftovers = [];
      this.#phase = "changes";
    }
    return rest;
  }

  #removeChanges(budget: number): number {
    const { log } = this.#keyspace;
    let rest = budget;
    while (rest > 0) {
      const change = this.#change;
      if (change === 0 || log.main(change) > this.revision) {
        log.dropIndexBelow(this.revision);
        this.#phase = "space";
        break;
      }
      this.#change = log.next(change);
      rest -= 1 + this.#removeBehind(change);
    }
    return rest;
  }

  /** Removes what `change` superseded, and itself if nothing is left of the key. */
  #removeBehind(change: number): number {
    const { log } = this.#keyspace;
    const previous = log.previous(change);
    let steps = 0;
    // A transaction may have changed the key before; such a tombstone is a leftover already.
    if (previous !== 0 && log.main(previous) < this.revision) steps += this.#remove(previous);
    else if (previous !== 0 && !log.isTombstone(previous)) this.#leave(previous);
    if (!log.isTombstone(change)) return steps;
    if (log.main(change) < this.revision) steps += this.#remove(change);
    else this.#leave(change);
    return steps;
  }

  /** Keeps a change of this very revision until the next compaction. */
  #leave(change: number): void {
    this.#keyspace.compactionLeftovers.push(change);
  }

  #remove(change: number): number {
    this.#keyspace.removeChange(change);
    this.#counters.compactedChanges++;
    return STEPS_PER_REMOVAL;
  }

  #reclaimSpace(budget: number): number {
    const { values } = this.#keyspace;
    if (!values.reclaim(budget * RECLAIMED_BYTES_PER_STEP, this.#keyspace)) this.#phase = "done";
    return 0;
  }
}
