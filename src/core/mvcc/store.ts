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
import { HashKv } from "./hash_kv.ts";
import { Keyspace } from "./keyspace.ts";
import { checkKeyspace } from "./keyspace_check.ts";
import type { LeaseRegistry } from "./lease_registry.ts";
import { type RangeResult, readRange } from "./range.ts";
import { RangeCursor } from "./range_cursor.ts";
import type { StoreCounters } from "./store_counters.ts";
import { runTxn, type TxnResult } from "./txn.ts";
import {
  checkKept,
  checkLease,
  deletePairs,
  type DeleteRangeResult,
  putPair,
  type PutResult,
} from "./writes.ts";

export type { RangeResult } from "./range.ts";
export type { OpResult, TxnResult } from "./txn.ts";
export type { DeleteRangeResult, PutResult } from "./writes.ts";

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
  #lastCompaction: Compaction | undefined;

  constructor(leases: LeaseRegistry) {
    this.#keyspace = new Keyspace(leases, this.counters);
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
    this.#keyspace.markCompacted(revision);
    const predecessor = this.#lastCompaction?.isDone === false ? this.#lastCompaction : undefined;
    const compaction = new Compaction(
      this.#keyspace,
      this.counters,
      revision,
      previous,
      predecessor,
    );
    this.#lastCompaction = compaction;
    return compaction;
  }

  /** Begins to hash everything up to a revision; 0 is the current one, and below it is nothing. */
  hashKv(revision: number): HashKv {
    if (revision > 0 && revision < this.compactedRevision) throw ETCD_ERRORS.compacted;
    if (revision > this.currentRevision) throw ETCD_ERRORS.futureRev;
    return new HashKv(this.#keyspace, revision === 0 ? this.currentRevision : revision);
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
