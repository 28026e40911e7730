import type { Compaction } from "./compaction.ts";
import type { KeyIndex } from "./key_index.ts";
import type { Keyspace } from "./keyspace.ts";
import { STORE_LIMITS } from "./limits.ts";
import { MAX_SUB } from "./revision_log.ts";
import { StoredChangeError } from "./stored_change_error.ts";
import { StoredPairFields } from "./stored_pair_fields.ts";

/** The first write ever made revision 2. */
const LOWEST_REVISION = 2;

/** Where a restored store goes on. */
interface RestoredRevisions {
  readonly current: number;
  /** -1 if nothing was ever compacted. */
  readonly compacted: number;
  /** -1 if no compaction was ever finished. */
  readonly finished: number;
}

/**
 * Fills an empty store with the changes that a file holds, in the order of revisions. Everything
 * is checked, for these bytes come from a disk. Values that can be read there again are left there
 * until somebody wants them.
 */
export class StoreRestore {
  readonly #keyspace: Keyspace;
  readonly #index: KeyIndex;
  readonly #fields = new StoredPairFields();
  readonly #resume: (revision: number) => Compaction;
  #main = 0;
  #sub = 0;
  #work: Generator<void, void> | undefined;

  /** `resume` makes the compaction that is to be done again. */
  constructor(keyspace: Keyspace, resume: (revision: number) => Compaction) {
    this.#keyspace = keyspace;
    this.#index = keyspace.index;
    this.#resume = resume;
    // What comes from the file can be read there again.
    keyspace.values.evictableRevision = Infinity;
  }

  /**
   * Takes the next pair of the file; bytes[start, end) is its value. Throws a StoredChangeError
   * that tells what is wrong with it.
   */
  add(
    main: number,
    sub: number,
    tombstone: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (main < this.#main || (main === this.#main && sub <= this.#sub)) {
      throw this.#error(main, sub, `follows revision ${this.#main}.${this.#sub}`);
    }
    if (main < LOWEST_REVISION || sub > MAX_SUB) throw this.#error(main, sub, "cannot exist");
    if (start === end && !tombstone) this.#keyspace.bumps.add(main, sub);
    else if (tombstone) this.#addTombstone(main, sub, bytes, start, end);
    else this.#addPut(main, sub, bytes, start, end);
    this.#main = main;
    this.#sub = sub;
  }

  /**
   * Does a slice of what has to be done when all changes are there, a millisecond or two. Returns
   * whether more remains; then `finish()` is cheap.
   */
  finishStep(scheduledCompactRevision: number, finishedCompactRevision: number): boolean {
    const { compacted } = this.#revisions(scheduledCompactRevision, finishedCompactRevision);
    this.#work ??= this.#finishInSlices(compacted);
    return this.#work.next().done !== true;
  }

  /**
   * Completes the store; the revisions are those of the last compactions, or -1. Returns the
   * compaction that was asked for and not finished, which now goes on.
   */
  finish(
    scheduledCompactRevision: number,
    finishedCompactRevision: number,
  ): Compaction | undefined {
    while (this.finishStep(scheduledCompactRevision, finishedCompactRevision));
    const keyspace = this.#keyspace;
    const revisions = this.#revisions(scheduledCompactRevision, finishedCompactRevision);
    keyspace.restoreRevisions(revisions.current, revisions.compacted, revisions.finished);
    keyspace.feed.restore(revisions.current, keyspace.storedBytes);
    keyspace.values.evictableRevision = revisions.current;
    const { compacted, finished } = revisions;
    return compacted > finished ? this.#resume(compacted) : undefined;
  }

  #revisions(scheduled: number, finished: number): RestoredRevisions {
    const compacted = Math.max(scheduled, finished);
    return { current: Math.max(this.#main, compacted, 1), compacted, finished };
  }

  *#finishInSlices(compactedRevision: number): Generator<void, void> {
    const { table } = this.#index;
    yield* this.#index.finishRestore((record) => {
      if (table.hasLease(record)) this.#keyspace.attachRestored(record);
    });
    yield* this.#indexRevisions(compactedRevision);
  }

  /** Only what may still be asked for: older revisions are few and far between. */
  *#indexRevisions(compactedRevision: number): Generator<void, void> {
    const { log } = this.#keyspace;
    const slice = STORE_LIMITS.restoredKeysPerSlice;
    let change = log.oldest;
    for (let i = 1; change !== 0 && log.main(change) < compactedRevision; i++) {
      change = log.next(change);
      if (i % slice === 0) yield;
    }
    while (change !== 0) {
      change = log.indexFrom(change, slice);
      yield;
    }
  }

  #addTombstone(main: number, sub: number, bytes: Uint8Array, start: number, end: number): void {
    const fields = this.#fields;
    if (!fields.readKey(bytes, start, end)) {
      throw this.#error(main, sub, "is a tombstone, the value of which is not a key");
    }
    const record = this.#recordOf(bytes);
    const { table } = this.#index;
    const change = this.#addChange(record, main, sub, true);
    table.setVersion(record, 0, main, 0);
    if (table.hasLease(record)) table.setLease(record, 0n);
    this.#keyspace.placeTombstone(record, change);
  }

  #addPut(main: number, sub: number, bytes: Uint8Array, start: number, end: number): void {
    const fields = this.#fields;
    if (!fields.read(bytes, start, end)) {
      throw this.#error(main, sub, "has a value that is not a KeyValue");
    }
    const { createRevision, version, lease } = fields;
    if (fields.modRevision !== main) {
      throw this.#error(main, sub, `has a value with mod_revision ${fields.modRevision}`);
    }
    const record = this.#recordOf(bytes);
    this.#checkVersion(record, main, sub);
    const { table } = this.#index;
    const { values } = this.#keyspace;
    const change = this.#addChange(record, main, sub, false);
    table.setVersion(record, createRevision, main, version);
    if (lease !== 0n || table.hasLease(record)) table.setLease(record, lease);
    if (this.#keyspace.isStored) {
      this.#keyspace.placeStoredPut(record, change, end - start);
      return;
    }
    values.addEncoded(change, bytes, start, end, main);
    this.#keyspace.placePut(record, change);
  }

  #recordOf(bytes: Uint8Array): number {
    const { keyStart, keyEnd } = this.#fields;
    return this.#index.restore(bytes, keyStart, keyEnd - keyStart);
  }

  /** Compactions remove a key's versions from the oldest on, so those that are there follow. */
  #checkVersion(record: number, main: number, sub: number): void {
    const { table } = this.#index;
    const { createRevision, version } = this.#fields;
    const isFirst = table.retainedChanges(record) === 0;
    const plausible = isFirst
      ? version > 0 && createRevision <= main && (version > 1 || createRevision === main)
      : version === table.version(record) + 1 &&
        createRevision === (version === 1 ? main : table.createRevision(record));
    if (plausible) return;
    throw this.#error(
      main,
      sub,
      `has a value with create_revision ${createRevision} and version ${version}` +
        (isFirst ? "" : `, which does not follow version ${table.version(record)}`),
    );
  }

  #addChange(record: number, main: number, sub: number, tombstone: boolean): number {
    const { table } = this.#index;
    return this.#keyspace.log.addUnindexed(
      main,
      sub,
      tombstone,
      record,
      table.latestChange(record),
      table.retainedChanges(record),
    );
  }

  #error(main: number, sub: number, what: string): StoredChangeError {
    return new StoredChangeError(`revision ${main}.${sub} ${what}`);
  }
}
