import { assert } from "../../base/assert.ts";
import type { Keyspace } from "./keyspace.ts";
import type { RemovedChanges } from "./removed_changes.ts";
import { StoredValue } from "./stored_value.ts";

/** Is shown a change and, as bytes[start, end), what the file stores as its value. */
export type ChangeVisitor = (
  main: number,
  sub: number,
  tombstone: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
) => void;

/**
 * A cut through the store between two requests: what the file lacks of it is handed over in
 * slices, while requests go on. Until that is done or given up, compactions remove nothing.
 */
export class StoreCheckpoint {
  /** The cut: changes up to this revision are handed over. */
  readonly revision: number;
  /** The newest compaction that was asked for, or -1. */
  readonly scheduledCompactRevision: number;
  /** The newest compaction that has removed all it had to, or -1. */
  readonly finishedCompactRevision: number;
  /** Changes handed over by earlier checkpoints that have been removed since. */
  readonly removals: RemovedChanges;
  readonly #keyspace: Keyspace;
  readonly #value = new StoredValue();
  #isOpen = true;

  constructor(keyspace: Keyspace) {
    assert(keyspace.openChanges === 0, "a checkpoint cuts between requests");
    this.#keyspace = keyspace;
    this.revision = keyspace.currentRevision;
    this.scheduledCompactRevision = keyspace.compactedRevision;
    this.finishedCompactRevision = keyspace.finishedCompactRevision;
    this.removals = keyspace.feed.takeRemovals();
    keyspace.pins++;
    if (!this.#hasMore()) this.#complete();
  }

  /** Changes remain to be handed over. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Visits up to `limit` of the changes that the file lacks, in the order of revisions. The bytes
   * are valid only while they are visited. Returns whether more remain.
   */
  step(limit: number, visit: ChangeVisitor): boolean {
    if (!this.#isOpen) return false;
    const { feed, log } = this.#keyspace;
    const value = this.#value;
    for (let i = 0; i < limit && this.#hasMore(); i++) {
      const change = feed.next();
      value.load(this.#keyspace, change);
      visit(
        log.main(change),
        log.sub(change),
        log.isTombstone(change),
        value.bytes,
        value.start,
        value.end,
      );
      feed.give(change, this.#keyspace.storedSize(change));
    }
    if (!this.#hasMore()) this.#complete();
    return this.#isOpen;
  }

  /** Gives up, when the member stops; harmless when all is handed over. */
  cancel(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#keyspace.pins--;
  }

  #hasMore(): boolean {
    const change = this.#keyspace.feed.next();
    return change !== 0 && this.#keyspace.log.main(change) <= this.revision;
  }

  #complete(): void {
    this.#keyspace.feed.complete(this.revision);
    this.cancel();
  }
}
