import { bytesFromText } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import type { Keyspace } from "./keyspace.ts";
import type { RevisionBump } from "./revision_bumps.ts";
import { TOMBSTONE_KEY_BYTES, writeRevisionKey } from "./revision_key.ts";
import { NO_SLAB } from "./revision_log.ts";
import { StoredValue } from "./stored_value.ts";

/** Hashing so many bytes counts as one step. */
const HASHED_BYTES_PER_STEP = 512;
/** Reading a value that is not in memory counts as so many. */
const STEPS_PER_STORED_READ = 3;

/** The hash starts with the name of the bucket that holds the changes in etcd's file. */
const BUCKET_NAME = bytesFromText("key");

/**
 * The hash over all changes up to a revision, as etcd's HashKV gives it, made in slices. Until it
 * is made or given up, compactions wait.
 *
 * What a compaction has superseded is left out whether it is removed already or not, so that
 * members agree however far their compactions are.
 */
export class HashKv {
  /** The revision that is hashed. */
  readonly hashRevision: number;
  /** Up to here, what is superseded does not count. */
  readonly compactRevision: number;
  readonly #keyspace: Keyspace;
  readonly #keepsTombstones: boolean;
  readonly #revisionKey = new Uint8Array(TOMBSTONE_KEY_BYTES);
  readonly #value = new StoredValue();
  #phase: "searching" | "hashing" | "done" = "searching";
  /** Whether a compaction at the hashed revision would keep anything; etcd's rule depends on it. */
  #keepsAny: boolean;
  #change: number;
  /** The place of the next bump to hash in their list. */
  #bump = 0;
  #hash: number;

  /**
   * Hashes up to `revision`. With `keepsTombstones`, deletions of exactly that revision are among
   * what a compaction there keeps, as they are when etcd hashes during one.
   */
  constructor(
    keyspace: Keyspace,
    revision: number,
    compactRevision: number,
    keepsTombstones: boolean,
  ) {
    this.#keyspace = keyspace;
    this.hashRevision = revision;
    this.compactRevision = compactRevision;
    this.#keepsTombstones = keepsTombstones;
    this.#keepsAny = keyspace.bumps.latestAt(revision) !== undefined;
    this.#change = keyspace.log.oldest;
    this.#hash = crc32c(BUCKET_NAME);
    keyspace.pins++;
  }

  /** The hash, once `step()` has returned false. */
  get hash(): number {
    return this.#hash;
  }

  /** Does about `budget` steps of work, of about a microsecond each. Returns whether more remains. */
  step(budget: number): boolean {
    let rest = budget;
    while (rest > 0 && this.#phase !== "done") {
      if (this.#change === 0 || this.#keyspace.log.main(this.#change) > this.hashRevision) {
        this.#endPhase();
        continue;
      }
      rest -= this.#phase === "searching" ? this.#search() : this.#hashChange();
    }
    return this.#phase !== "done";
  }

  /** Gives up; harmless when done. */
  cancel(): void {
    if (this.#phase === "done") return;
    this.#phase = "done";
    this.#keyspace.pins--;
  }

  #endPhase(): void {
    if (this.#phase === "hashing") {
      this.#hashBumpsBelow(this.hashRevision + 1);
      this.cancel();
      return;
    }
    this.#phase = "hashing";
    this.#change = this.#keyspace.log.oldest;
  }

  #search(): number {
    this.#keepsAny ||= this.#isKept(this.#change);
    if (this.#keepsAny) this.#endPhase();
    else this.#change = this.#keyspace.log.next(this.#change);
    return 1;
  }

  /** Whether a compaction at the hashed revision would keep the change. */
  #isKept(change: number): boolean {
    const { log, index } = this.#keyspace;
    const latest = index.table.latestChange(log.record(change));
    if (log.latestAt(latest, this.hashRevision) !== change) return false;
    if (!log.isTombstone(change)) return true;
    return this.#keepsTombstones && log.main(change) === this.hashRevision;
  }

  #hashChange(): number {
    const { log } = this.#keyspace;
    const change = this.#change;
    const main = log.main(change);
    this.#hashBumpsBelow(main);
    this.#change = log.next(change);
    if (!this.#counts(change)) return 1;
    const tombstone = log.isTombstone(change);
    const keyBytes = writeRevisionKey(this.#revisionKey, 0, main, log.sub(change), tombstone);
    this.#hash = crc32c(this.#revisionKey, 0, keyBytes, this.#hash);
    const value = this.#value;
    value.load(this.#keyspace, change);
    this.#hash = crc32c(value.bytes, value.start, value.end, this.#hash);
    const readSteps = !tombstone && log.slab(change) === NO_SLAB ? STEPS_PER_STORED_READ : 0;
    return 1 + readSteps + (value.end - value.start) / HASHED_BYTES_PER_STEP;
  }

  /**
   * What is above the compacted revision counts. Below, it is what exists at the hashed revision;
   * if nothing does, etcd hashes what the compaction has left, which is what existed at its own.
   */
  #counts(change: number): boolean {
    if (this.#keyspace.log.main(change) > this.compactRevision) return true;
    return this.#isLiveAt(change, this.#keepsAny ? this.hashRevision : this.compactRevision);
  }

  #isLiveAt(change: number, revision: number): boolean {
    const record = this.#keyspace.log.record(change);
    return this.#keyspace.putVisibleAt(record, revision) === change;
  }

  /** Bumps have a revision and an empty value. */
  #hashBumpsBelow(main: number): void {
    const { bumps } = this.#keyspace;
    for (; this.#bump < bumps.all.length && bumps.all[this.#bump].main < main; this.#bump++) {
      const bump = bumps.all[this.#bump];
      if (!this.#countsBump(bump)) continue;
      const keyBytes = writeRevisionKey(this.#revisionKey, 0, bump.main, bump.sub, false);
      this.#hash = crc32c(this.#revisionKey, 0, keyBytes, this.#hash);
    }
  }

  #countsBump(bump: RevisionBump): boolean {
    return bump.main > this.compactRevision ||
      bump === this.#keyspace.bumps.latestAt(this.hashRevision);
  }
}
