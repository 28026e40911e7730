import { assert } from "../../base/assert.ts";
import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import type { Change, ChangeLog } from "./change.ts";
import { scanLog, scanRange } from "./change_scan.ts";
import { Compaction } from "./compaction.ts";
import { type CompactionHash, CompactionHashes } from "./compaction_hashes.ts";
import { HashKv } from "./hash_kv.ts";
import { Keyspace } from "./keyspace.ts";
import { checkKeyspace } from "./keyspace_check.ts";
import type { LeaseRegistry } from "./lease_registry.ts";
import { type RangeResult, readRange } from "./range.ts";
import { RangeCursor } from "./range_cursor.ts";
import { StoreCheckpoint } from "./store_checkpoint.ts";
import type { StoreCounters } from "./store_counters.ts";
import { StoreRestore } from "./store_restore.ts";
import type { StoredPairs } from "./stored_pairs.ts";
import { runTxn, type TxnResult } from "./txn.ts";
import {
  checkKept,
  checkLease,
  deletePairs,
  type DeleteRangeResult,
  putPair,
  type PutResult,
} from "./writes.ts";

export type { Compaction } from "./compaction.ts";
export type { CompactionHash } from "./compaction_hashes.ts";
export type { RangeResult } from "./range.ts";
export type { OpResult, TxnResult } from "./txn.ts";
export type { ChangeVisitor, StoreCheckpoint } from "./store_checkpoint.ts";
export type { StoreRestore } from "./store_restore.ts";
export type { DeleteRangeResult, PutResult } from "./writes.ts";

export interface StoreOptions {
  /** How many bytes of values to hold in memory; all of them by default. */
  readonly valueCacheBytes?: number | undefined;
  /** Where values beyond that are read; without it all have to be in memory. */
  readonly stored?: StoredPairs | undefined;
  /** Whether each compaction makes the hash by which members compare what they had. */
  readonly hashCompactions?: boolean | undefined;
}

/**
 * The multi-version key-value store. It is deterministic: the same requests in the same order
 * give the same answers, revisions and hashes. A request that is refused throws one of
 * ETCD_ERRORS and has changed nothing.
 */
export class Store implements ChangeLog {
  readonly counters: StoreCounters = {
    ranges: 0,
    puts: 0,
    deletes: 0,
    txns: 0,
    putBytes: 0,
    compactedChanges: 0,
  };
  readonly #keyspace: Keyspace;
  readonly #hashesCompactions: boolean;
  readonly #compactionHashes = new CompactionHashes();
  #lastCompaction: Compaction | undefined;
  #lastCheckpoint: StoreCheckpoint | undefined;

  constructor(leases: LeaseRegistry, options: StoreOptions = {}) {
    const { valueCacheBytes, stored, hashCompactions } = options;
    this.#keyspace = new Keyspace(leases, this.counters, valueCacheBytes, stored);
    this.#hashesCompactions = hashCompactions ?? false;
  }

  /** 1 while the store is empty; each request that changes something adds 1. */
  get currentRevision(): number {
    return this.#keyspace.currentRevision;
  }

  /** Older revisions than this one cannot be read; -1 if nothing was ever compacted. */
  get compactedRevision(): number {
    return this.#keyspace.compactedRevision;
  }

  /** How many keys exist at present. */
  get keyCount(): number {
    return this.#keyspace.index.tree.countedSize;
  }

  /** How many changes are retained. */
  get changeCount(): number {
    return this.#keyspace.log.count;
  }

  /** What all retained changes take in etcd's file, without the emptiness of its pages. */
  get sizeInUseBytes(): number {
    return this.#keyspace.storedBytes;
  }

  /** What the values take in memory, with what compactions have not given back yet. */
  get valueBytesAllocated(): number {
    return this.#keyspace.values.allocatedBytes;
  }

  /** The newest compaction that has removed all it had to; -1 if there was none. */
  get finishedCompactRevision(): number {
    return this.#keyspace.finishedCompactRevision;
  }

  /** The hashes that the newest compactions have made, newest last. */
  get compactionHashes(): readonly CompactionHash[] {
    return this.#compactionHashes.all;
  }

  /** How many changes no checkpoint has handed over yet. */
  get pendingChanges(): number {
    return this.#keyspace.log.count - this.#keyspace.feed.givenChanges;
  }

  /** What these will take in etcd's file. */
  get pendingBytes(): number {
    return this.#keyspace.storedBytes - this.#keyspace.feed.givenBytes;
  }

  range(request: RangeRequest): RangeResult {
    this.counters.ranges++;
    return readRange(this.#keyspace, request);
  }

  /** Like `range()`, but in slices, for ranges too large for one turn. */
  openRange(request: RangeRequest): RangeCursor {
    const cursor = new RangeCursor(this.#keyspace, request);
    this.counters.ranges++;
    return cursor;
  }

  put(request: PutRequest): PutResult {
    const keyspace = this.#keyspace;
    checkLease(keyspace, request);
    checkKept(keyspace, request);
    this.counters.puts++;
    const result = putPair(keyspace, request);
    keyspace.commit();
    return result;
  }

  deleteRange(request: DeleteRangeRequest): DeleteRangeResult {
    this.counters.deletes++;
    const result = deletePairs(this.#keyspace, request);
    this.#keyspace.commit();
    return result;
  }

  txn(request: TxnRequest): TxnResult {
    const result = runTxn(this.#keyspace, request, this.counters);
    this.#keyspace.commit();
    return result;
  }

  /** Deletes the given keys, which are sorted, in one revision; returns how many existed. */
  deleteKeys(keys: readonly string[]): number {
    let deleted = 0;
    for (const key of keys) if (this.#keyspace.deleteKey(key)) deleted++;
    this.counters.deletes += keys.length;
    this.#keyspace.commit();
    return deleted;
  }

  /**
   * Makes revisions below `revision` unreadable at once. What they held is removed by the steps
   * of the returned object.
   */
  compact(revision: number): Compaction {
    const previous = this.compactedRevision;
    if (revision <= previous) throw ETCD_ERRORS.compacted;
    if (revision > this.currentRevision) throw ETCD_ERRORS.futureRev;
    // etcd does not trust the hash if the compaction before was still at work.
    const isHashed = this.#hashesCompactions && this.finishedCompactRevision === previous;
    this.#keyspace.markCompacted(revision);
    return this.#beginCompaction(revision, previous, isHashed);
  }

  /** `previousRevision` is -1 if everything has to be looked at. */
  #beginCompaction(revision: number, previousRevision: number, isHashed: boolean): Compaction {
    const compaction = new Compaction(this.#keyspace, this.counters, revision, {
      previousRevision,
      predecessor: this.#lastCompaction?.isDone === false ? this.#lastCompaction : undefined,
      hashes: isHashed ? this.#compactionHashes : undefined,
    });
    this.#lastCompaction = compaction;
    return compaction;
  }

  /**
   * Cuts the store for a checkpoint: everything up to here that the file lacks is handed over by
   * the steps of the returned object. One at a time.
   */
  beginCheckpoint(): StoreCheckpoint {
    assert(this.#lastCheckpoint?.isOpen !== true, "checkpoints are made one after the other");
    this.#lastCheckpoint = new StoreCheckpoint(this.#keyspace);
    return this.#lastCheckpoint;
  }

  /** The file now has everything up to a revision, so values up to there may be evicted. */
  checkpointed(revision: number): void {
    const { values } = this.#keyspace;
    values.evictableRevision = Math.max(values.evictableRevision, revision);
  }

  /**
   * Evicts values while they are beyond `valueCacheBytes`, as far as the file has them, in slices
   * of about `budgetBytes`. Returns whether there is more to do.
   */
  evict(budgetBytes: number): boolean {
    return this.#keyspace.values.evict(budgetBytes, this.#keyspace);
  }

  /** Begins to fill this store, which is empty, with what a file holds. */
  beginRestore(): StoreRestore {
    const { log, currentRevision } = this.#keyspace;
    assert(log.count === 0 && currentRevision === 1, "only an empty store is restored");
    return new StoreRestore(
      this.#keyspace,
      (revision) => this.#beginCompaction(revision, -1, false),
    );
  }

  /** Begins to hash everything up to a revision; 0 is the current one, and below it is nothing. */
  hashKv(revision: number): HashKv {
    if (revision > 0 && revision < this.compactedRevision) throw ETCD_ERRORS.compacted;
    if (revision > this.currentRevision) throw ETCD_ERRORS.futureRev;
    const hashed = revision === 0 ? this.currentRevision : revision;
    return new HashKv(this.#keyspace, hashed, this.compactedRevision, false);
  }

  scan(from: number, to: number, visit: (change: Change) => boolean): void {
    scanLog(this.#keyspace, from, to, visit);
  }

  scanRange(
    key: string,
    rangeEnd: string,
    from: number,
    to: number,
    visit: (change: Change) => boolean,
  ): void {
    scanRange(this.#keyspace, key, rangeEnd, from, to, visit);
  }

  /** Verifies every rule that the store lives by; slow, for tests. */
  check(): void {
    assert(this.#keyspace.openChanges === 0, "no revision is left open");
    checkKeyspace(this.#keyspace);
  }
}
