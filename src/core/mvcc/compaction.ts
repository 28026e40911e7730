import type { CompactionHashes } from "./compaction_hashes.ts";
import { HashKv } from "./hash_kv.ts";
import type { Keyspace } from "./keyspace.ts";
import type { StoreCounters } from "./store_counters.ts";

/** Moving so many bytes of values counts as one step. */
const RECLAIMED_BYTES_PER_STEP = 256;
/** Removing a change touches the index and the values: it costs as much as a few looks at one. */
const STEPS_PER_REMOVAL = 3;
/** Looking for what is marked goes through memory in order, or nearly so. */
const STEPS_PER_LOOK = 1 / 16;

/** What a compaction builds on. */
interface CompactionStart {
  /** The revision of the compaction before; -1 if there was none or it is done again. */
  readonly previousRevision: number;
  /** The compaction before if it is not done: removals run in the order of their revisions. */
  readonly predecessor: Compaction | undefined;
  /** Where to put the hash of what is compacted, if it is to be made. */
  readonly hashes: CompactionHashes | undefined;
}

/**
 * The removal of what a compaction has made unreachable, in slices: every change before the
 * latest one up to the compaction's revision, of each key, and that one too if it is a tombstone.
 * Changes of exactly that revision all stay until the next compaction: a watch may start there
 * and must see them.
 *
 * First what is superseded is marked. Only the changes since the compaction before are looked at
 * for that, because the older ones that remain can only be superseded by these. Then what is
 * marked is removed from the oldest on, which is also the order of the file.
 */
export class Compaction {
  readonly revision: number;
  readonly #keyspace: Keyspace;
  readonly #counters: StoreCounters;
  readonly #previousRevision: number;
  readonly #hashes: CompactionHashes | undefined;
  #predecessor: Compaction | undefined;
  #phase: "waiting" | "hashing" | "marking" | "removing" | "space" | "done" = "waiting";
  #hash: HashKv | undefined;
  /** The change to look at next. */
  #change = 0;
  #removedChanges = 0;
  /** How many changes the present step may yet remove. */
  #restRemovals = Infinity;

  constructor(
    keyspace: Keyspace,
    counters: StoreCounters,
    revision: number,
    { previousRevision, predecessor, hashes }: CompactionStart,
  ) {
    this.#keyspace = keyspace;
    this.#counters = counters;
    this.revision = revision;
    this.#previousRevision = previousRevision;
    this.#predecessor = predecessor;
    this.#hashes = hashes;
  }

  get isDone(): boolean {
    return this.#phase === "done";
  }

  /** Whether it is still being found out what is to be removed. */
  get isMarking(): boolean {
    return this.#phase === "waiting" || this.#phase === "hashing" || this.#phase === "marking";
  }

  /** How many changes it has removed so far. */
  get removedChanges(): number {
    return this.#removedChanges;
  }

  /** A step would do nothing at present, because somebody reads what would be removed. */
  get isBlocked(): boolean {
    if (this.#predecessor?.isDone === false) return this.#predecessor.isBlocked;
    return this.#keyspace.pins > 0 && this.#hash === undefined && !this.isDone;
  }

  /**
   * Does about `budget` steps of work, of about a microsecond each, and removes no more than
   * `maxRemovals` changes. Returns whether more remains.
   */
  step(budget: number, maxRemovals = Infinity): boolean {
    if (this.isBlocked) return true;
    if (this.#predecessor !== undefined) {
      if (this.#predecessor.step(budget, maxRemovals)) return true;
      this.#predecessor = undefined;
    }
    this.#restRemovals = maxRemovals;
    let rest = budget;
    while (rest > 0 && this.#restRemovals > 0 && !this.isDone) rest = this.#continue(rest);
    return !this.isDone;
  }

  /** Works on the present phase; returns what is left of the budget. */
  #continue(budget: number): number {
    switch (this.#phase) {
      case "waiting":
        this.#begin();
        return budget;
      case "hashing":
        this.#makeHash(budget);
        return 0;
      case "marking":
        return this.#mark(budget);
      case "removing":
        return this.#removeMarked(budget);
      default:
        this.#reclaimSpace(budget);
        return 0;
    }
  }

  #begin(): void {
    if (this.#hashes === undefined) {
      this.#beginMarking();
      return;
    }
    this.#hash = new HashKv(this.#keyspace, this.revision, this.#previousRevision, true);
    this.#phase = "hashing";
  }

  #makeHash(budget: number): void {
    const hash = this.#hash;
    if (hash?.step(budget) === true) return;
    if (hash !== undefined) {
      this.#hashes?.add({
        hash: hash.hash,
        revision: this.revision,
        compactRevision: this.#previousRevision,
      });
    }
    this.#hash = undefined;
    this.#beginMarking();
  }

  /** Changes of the previous compaction's revision were kept, whether superseded or not. */
  #beginMarking(): void {
    const { log } = this.#keyspace;
    const from = this.#previousRevision;
    this.#change = from < 0 ? log.oldest : log.firstFrom(from);
    this.#phase = "marking";
  }

  #mark(budget: number): number {
    const { log } = this.#keyspace;
    let rest = budget;
    for (; rest > 0; rest--) {
      const change = this.#change;
      if (change === 0 || log.main(change) > this.revision) {
        this.#change = log.oldest;
        this.#phase = "removing";
        break;
      }
      const previous = log.previous(change);
      if (previous !== 0) log.markSuperseded(previous);
      if (log.isTombstone(change)) log.markSuperseded(change);
      this.#change = log.next(change);
    }
    return rest;
  }

  #removeMarked(budget: number): number {
    const { log } = this.#keyspace;
    let rest = budget;
    while (rest > 0 && this.#restRemovals > 0) {
      const change = this.#change;
      if (change === 0 || log.main(change) >= this.revision) {
        this.#endRemoval();
        break;
      }
      this.#change = log.next(change);
      rest -= STEPS_PER_LOOK;
      if (!log.isSuperseded(change)) continue;
      this.#keyspace.removeChange(change);
      this.#counters.compactedChanges++;
      this.#removedChanges++;
      this.#restRemovals--;
      rest -= STEPS_PER_REMOVAL;
    }
    return rest;
  }

  #endRemoval(): void {
    const { log, bumps, feed } = this.#keyspace;
    for (const { main, sub } of bumps.takeSuperseded(this.revision)) feed.removeStored(main, sub);
    log.dropIndexBelow(this.revision);
    this.#keyspace.finishedCompactRevision = this.revision;
    this.#phase = "space";
  }

  #reclaimSpace(budget: number): void {
    const { values } = this.#keyspace;
    if (!values.reclaim(budget * RECLAIMED_BYTES_PER_STEP, this.#keyspace)) this.#phase = "done";
  }
}
