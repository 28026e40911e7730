import { bytesFromText } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import { keyFieldSize } from "./key_value_encoding.ts";
import type { Keyspace } from "./keyspace.ts";

/** Hashing so many bytes counts as one step. */
const HASHED_BYTES_PER_STEP = 512;

/** The hash starts with the name of the bucket that holds the changes in etcd's file. */
const BUCKET_NAME = bytesFromText("key");
const SEPARATOR = 0x5f;
const TOMBSTONE_MARK = 0x74;
const REVISION_KEY_BYTES = 17;

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
  /** The compacted revision when hashing began. */
  readonly compactRevision: number;
  readonly #keyspace: Keyspace;
  readonly #revisionKey = new Uint8Array(REVISION_KEY_BYTES + 1);
  readonly #revisionKeyView = new DataView(this.#revisionKey.buffer);
  #phase: "searching" | "hashing" | "done" = "searching";
  /** Whether any key exists at the hashed revision; etcd's rule depends on it. */
  #anyLive = false;
  #change: number;
  #hash: number;

  constructor(keyspace: Keyspace, revision: number) {
    this.#keyspace = keyspace;
    this.hashRevision = revision;
    this.compactRevision = keyspace.compactedRevision;
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
      this.cancel();
      return;
    }
    this.#phase = "hashing";
    this.#change = this.#keyspace.log.oldest;
  }

  #search(): number {
    this.#anyLive = this.#isLiveAt(this.#change, this.hashRevision);
    if (this.#anyLive) this.#endPhase();
    else this.#change = this.#keyspace.log.next(this.#change);
    return 1;
  }

  #hashChange(): number {
    const change = this.#change;
    this.#change = this.#keyspace.log.next(change);
    if (!this.#counts(change)) return 1;
    const { log } = this.#keyspace;
    const tombstone = log.isTombstone(change);
    const keyBytes = this.#writeRevisionKey(log.main(change), log.sub(change), tombstone);
    this.#hash = crc32c(this.#revisionKey, 0, keyBytes, this.#hash);
    const { bytes, start, end } = this.#keyspace.pairOf(change);
    const storedEnd = tombstone ? start + this.#keyFieldSize(change) : end;
    this.#hash = crc32c(bytes, start, storedEnd, this.#hash);
    return 1 + (storedEnd - start) / HASHED_BYTES_PER_STEP;
  }

  /**
   * What is above the compacted revision counts. Below, it is what exists at the hashed revision;
   * if nothing does, etcd hashes what the compaction has left, which is what existed at its own.
   */
  #counts(change: number): boolean {
    if (this.#keyspace.log.main(change) > this.compactRevision) return true;
    return this.#isLiveAt(change, this.#anyLive ? this.hashRevision : this.compactRevision);
  }

  #isLiveAt(change: number, revision: number): boolean {
    const record = this.#keyspace.log.record(change);
    return this.#keyspace.putVisibleAt(record, revision) === change;
  }

  /** The key of a change in etcd's file. */
  #writeRevisionKey(main: number, sub: number, tombstone: boolean): number {
    this.#writeInt64(0, main);
    this.#revisionKey[8] = SEPARATOR;
    this.#writeInt64(9, sub);
    if (!tombstone) return REVISION_KEY_BYTES;
    this.#revisionKey[REVISION_KEY_BYTES] = TOMBSTONE_MARK;
    return REVISION_KEY_BYTES + 1;
  }

  #writeInt64(offset: number, value: number): void {
    this.#revisionKeyView.setUint32(offset, Math.floor(value / 0x1_0000_0000));
    this.#revisionKeyView.setUint32(offset + 4, value);
  }

  #keyFieldSize(change: number): number {
    const { log, index } = this.#keyspace;
    return keyFieldSize(index.table.keyLength(log.record(change)));
  }
}
