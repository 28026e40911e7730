import { RemovedChanges } from "./removed_changes.ts";
import type { RevisionLog } from "./revision_log.ts";

/**
 * Knows which changes the file has been given. That is always everything up to some revision, so
 * all it keeps is a place in the log.
 */
export class CheckpointFeed {
  readonly #log: RevisionLog;
  /** The file has been given everything up to this revision. */
  #revision = 0;
  /** The newest retained change that the file has been given, or 0. */
  #last = 0;
  #changes = 0;
  #bytes = 0;
  #removals = new RemovedChanges();

  constructor(log: RevisionLog) {
    this.#log = log;
  }

  /** How many of the retained changes the file has been given. */
  get givenChanges(): number {
    return this.#changes;
  }

  /** What these take in the file. */
  get givenBytes(): number {
    return this.#bytes;
  }

  /** The oldest change that the file has not been given, or 0. */
  next(): number {
    return this.#last === 0 ? this.#log.oldest : this.#log.next(this.#last);
  }

  /** The file has been given the change that `next()` tells. */
  give(change: number, sizeBytes: number): void {
    this.#last = change;
    this.#changes++;
    this.#bytes += sizeBytes;
  }

  /** The file has been given all changes up to a revision. */
  complete(revision: number): void {
    this.#revision = revision;
  }

  /** All changes of the log came from the file, which takes `bytes` for them. */
  restore(revision: number, bytes: number): void {
    this.#revision = revision;
    this.#last = this.#log.newest;
    this.#changes = this.#log.count;
    this.#bytes = bytes;
  }

  /** A change is about to be removed. If the file has it, it has to be deleted there too. */
  remove(change: number, sizeBytes: number): void {
    const log = this.#log;
    if (log.main(change) > this.#revision) return;
    this.#removals.add(log.main(change), log.sub(change), log.isTombstone(change));
    this.#changes--;
    this.#bytes -= sizeBytes;
    if (change === this.#last) this.#last = log.back(change);
  }

  /** The same for something in the file that is not in the log. */
  removeStored(main: number, sub: number): void {
    this.#removals.add(main, sub, false);
  }

  /** What has to be deleted from the file since this was called last. */
  takeRemovals(): RemovedChanges {
    const removals = this.#removals;
    this.#removals = new RemovedChanges();
    return removals;
  }
}
