import { assert } from "../../base/assert.ts";
import type { KeyValueRef } from "./change.ts";
import { CheckpointFeed } from "./checkpoint_feed.ts";
import { KeyIndex } from "./key_index.ts";
import type { KeyTable } from "./key_table.ts";
import type { LeaseRegistry } from "./lease_registry.ts";
import { keyFieldSize, tombstoneSize, writeTombstone } from "./key_value_encoding.ts";
import { RevisionBumps } from "./revision_bumps.ts";
import { NO_SLAB, RevisionLog } from "./revision_log.ts";
import type { StoreCounters } from "./store_counters.ts";
import type { StoredPairs } from "./stored_pairs.ts";
import { type SlabOwners, ValueSlabs } from "./value_slabs.ts";

/** What a change takes in etcd's file besides its bytes: its key of 17 bytes and a page entry. */
const STORED_CHANGE_OVERHEAD_BYTES = 17 + 16;

/** rangeEnd of "every key from here on". */
const TO_THE_END = "\0";

/**
 * The versions of all keys: an index from key to latest version, a log of all retained changes,
 * and the bytes of the pairs. Changes are made one by one and become a revision when committed.
 */
export class Keyspace implements SlabOwners {
  readonly index = new KeyIndex();
  readonly log = new RevisionLog();
  readonly values: ValueSlabs;
  readonly feed: CheckpointFeed = new CheckpointFeed(this.log);
  readonly bumps = new RevisionBumps();
  /** Reading, hashing and handing over in slices forbid removal while this is above zero. */
  pins = 0;
  /** The newest compaction that has removed all it had to, or -1. */
  finishedCompactRevision = -1;
  readonly #table: KeyTable = this.index.table;
  readonly #leases: LeaseRegistry;
  readonly #counters: StoreCounters;
  readonly #stored: StoredPairs | undefined;
  #currentRevision = 1;
  #compactedRevision = -1;
  /** How many changes the revision that is being made has. */
  #openChanges = 0;
  #storedBytes = 0;

  /** Values beyond `valueCacheBytes` are given up once they can be read from `stored`. */
  constructor(
    leases: LeaseRegistry,
    counters: StoreCounters,
    valueCacheBytes = Infinity,
    stored?: StoredPairs,
  ) {
    assert(valueCacheBytes === Infinity || stored !== undefined, "evicted values lie elsewhere");
    this.#leases = leases;
    this.#counters = counters;
    this.#stored = stored;
    this.values = new ValueSlabs(valueCacheBytes);
  }

  get currentRevision(): number {
    return this.#currentRevision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  /** The revision that reads see: inside a transaction that has written, the one being made. */
  get readRevision(): number {
    return this.#openChanges === 0 ? this.#currentRevision : this.#currentRevision + 1;
  }

  /** How many changes are made and not yet committed. */
  get openChanges(): number {
    return this.#openChanges;
  }

  /** What all retained changes take in etcd's file. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Whether values can be read from elsewhere. */
  get isStored(): boolean {
    return this.#stored !== undefined;
  }

  storedSize(change: number): number {
    return this.log.length(change) + STORED_CHANGE_OVERHEAD_BYTES;
  }

  hasLease(id: bigint): boolean {
    return this.#leases.has(id);
  }

  /** Makes the changes since the last commit a revision, if there are any. */
  commit(): void {
    if (this.#openChanges === 0) return;
    this.#openChanges = 0;
    this.#currentRevision++;
  }

  /** From now on reads below `revision` are refused. */
  markCompacted(revision: number): void {
    assert(revision > this.#compactedRevision, "compactions go forward");
    this.#compactedRevision = revision;
  }

  /** Sets what a store has that was read from a file. */
  restoreRevisions(current: number, compacted: number, finished: number): void {
    this.#currentRevision = current;
    this.#compactedRevision = compacted;
    this.finishedCompactRevision = finished;
  }

  put(key: string, value: Uint8Array, lease: bigint): void {
    const table = this.#table;
    const revision = this.#currentRevision + 1;
    let createRevision = revision;
    let version = 1;
    let record = this.index.find(key);
    if (record === 0) {
      record = this.index.add(key);
    } else if (table.version(record) === 0) {
      this.index.tree.setCounted(key, true);
    } else {
      createRevision = table.createRevision(record);
      version = table.version(record) + 1;
    }
    const change = this.#addChange(record, revision, false);
    const { bytes, length } = this.index.bytesOf(key);
    this.values.addKeyValue(
      change,
      bytes,
      length,
      createRevision,
      revision,
      version,
      value,
      lease,
    );
    table.setVersion(record, createRevision, revision, version);
    this.placePut(record, change);
    this.#counters.putBytes += key.length + value.length;
    if (lease !== 0n || table.hasLease(record)) this.#setLease(record, key, lease);
  }

  /** Deletes a key that exists; the caller sees to it that the tree stops counting it. */
  delete(record: number): void {
    const table = this.#table;
    const revision = this.#currentRevision + 1;
    const change = this.#addChange(record, revision, true);
    table.setVersion(record, 0, revision, 0);
    this.placeTombstone(record, change);
    if (table.hasLease(record)) this.#setLease(record, table.key(record), 0n);
  }

  /** Deletes one key if it exists. */
  deleteKey(key: string): boolean {
    const record = this.index.findLive(key);
    if (record === 0) return false;
    this.delete(record);
    this.index.tree.setCounted(key, false);
    return true;
  }

  /** The keys in [key, rangeEnd) that exist, in order. */
  liveRecords(key: string, rangeEnd: string): number[] {
    if (rangeEnd === "") {
      const record = this.index.findLive(key);
      return record === 0 ? [] : [record];
    }
    const { tree } = this.index;
    return tree.countedSlice(tree.countedRank(key), this.liveRankOfEnd(rangeEnd));
  }

  /** How many keys in [key, rangeEnd) exist. */
  liveCount(key: string, rangeEnd: string): number {
    if (rangeEnd === "") return this.index.findLive(key) === 0 ? 0 : 1;
    return Math.max(0, this.liveRankOfEnd(rangeEnd) - this.index.tree.countedRank(key));
  }

  /** How many keys that exist lie before the end of a range. */
  liveRankOfEnd(rangeEnd: string): number {
    const { tree } = this.index;
    return rangeEnd === TO_THE_END ? tree.countedSize : tree.countedRank(rangeEnd);
  }

  /** The keys in [key, rangeEnd) that exist or have history, in order. */
  records(key: string, rangeEnd: string): number[] {
    if (rangeEnd === "") {
      const record = this.index.find(key);
      return record === 0 ? [] : [record];
    }
    const { tree } = this.index;
    return tree.slice(tree.rank(key), this.rankOfEnd(rangeEnd));
  }

  /** How many keys that exist or have history lie before the end of a range. */
  rankOfEnd(rangeEnd: string): number {
    const { tree } = this.index;
    return rangeEnd === TO_THE_END ? tree.size : tree.rank(rangeEnd);
  }

  /** Stops counting what `liveRecords()` gave and `delete()` has deleted. */
  uncount(key: string, rangeEnd: string): void {
    this.index.tree.uncountRange(key, rangeEnd === TO_THE_END ? undefined : rangeEnd);
  }

  /** The pair of a key that exists. */
  latestPair(record: number): KeyValueRef {
    const table = this.#table;
    const slab = table.slab(record);
    if (slab === NO_SLAB) return this.#readLatest(table.latestChange(record));
    return this.values.read(slab, table.offset(record), table.length(record));
  }

  /** The pair, or what is told of a deleted key, that a change made. */
  pairOf(change: number): KeyValueRef {
    const { log } = this;
    const slab = log.slab(change);
    if (slab !== NO_SLAB) return this.values.read(slab, log.offset(change), log.length(change));
    return log.isTombstone(change) ? this.#makeTombstone(change) : this.#readStored(change);
  }

  /** The put that a reader at `revision` sees of the key, or 0. */
  putVisibleAt(record: number, revision: number): number {
    const change = this.log.latestAt(this.#table.latestChange(record), revision);
    return change === 0 || this.log.isTombstone(change) ? 0 : change;
  }

  /** Forgets a change, and its key with it if it was the last thing known of the key. */
  removeChange(change: number): void {
    const { log } = this;
    const record = log.record(change);
    const sizeBytes = this.storedSize(change);
    this.#storedBytes -= sizeBytes;
    this.feed.remove(change, sizeBytes);
    if (log.slab(change) !== NO_SLAB) this.values.release(log.slab(change), log.length(change));
    log.remove(change);
    if (this.#table.latestChange(record) === change) this.index.remove(record);
    else this.#table.addRetainedChanges(record, -1);
  }

  isAt(change: number, slab: number, offset: number): boolean {
    return this.log.slab(change) === slab && this.log.offset(change) === offset;
  }

  moved(change: number, slab: number, offset: number, length: number): void {
    this.log.setPlace(change, slab, offset, length);
    const record = this.log.record(change);
    if (this.#table.latestChange(record) === change) {
      this.#table.setPlace(record, slab, offset, length);
    }
  }

  evicted(change: number): void {
    this.log.setSlab(change, NO_SLAB);
    const record = this.log.record(change);
    if (this.#table.latestChange(record) === change) this.#table.setSlab(record, NO_SLAB);
  }

  /** Makes a change the latest of its key; its pair was added to the values just now. */
  placePut(record: number, change: number): void {
    const { slab, offset, length } = this.values;
    this.#placeChange(record, change, slab, offset, length);
  }

  /** The same for a put of which only the index is made; its pair stays where it was stored. */
  placeStoredPut(record: number, change: number, length: number): void {
    this.#placeChange(record, change, NO_SLAB, 0, length);
  }

  /** The same for a deletion: all there is to know of it is known without its bytes. */
  placeTombstone(record: number, change: number): void {
    const length = keyFieldSize(this.#table.keyLength(record));
    this.#placeChange(record, change, NO_SLAB, 0, length);
  }

  /** Attaches the key of a record that was read from a file, if its lease still exists. */
  attachRestored(record: number): void {
    const lease = this.#table.lease(record);
    if (this.#leases.has(lease)) this.#leases.attach(lease, this.#table.key(record));
  }

  #addChange(record: number, revision: number, tombstone: boolean): number {
    const table = this.#table;
    return this.log.add(
      revision,
      this.#openChanges++,
      tombstone,
      record,
      table.latestChange(record),
      table.retainedChanges(record),
    );
  }

  #placeChange(
    record: number,
    change: number,
    slab: number,
    offset: number,
    length: number,
  ): void {
    this.log.setPlace(change, slab, offset, length);
    this.#table.setPlace(record, slab, offset, length);
    this.#table.setLatestChange(record, change);
    this.#table.addRetainedChanges(record, 1);
    this.#storedBytes += this.storedSize(change);
  }

  /** What is read of the present is probably read again: it is kept while there is room. */
  #readLatest(change: number): KeyValueRef {
    const pair = this.#readStored(change);
    const { values } = this;
    if (!values.hasRoom) return pair;
    values.addEncoded(change, pair.bytes, pair.start, pair.end, this.log.main(change));
    this.moved(change, values.slab, values.offset, values.length);
    return pair;
  }

  #readStored(change: number): KeyValueRef {
    assert(this.#stored !== undefined, "evicted values lie elsewhere");
    return this.#stored.read(this.log.main(change), this.log.sub(change));
  }

  #makeTombstone(change: number): KeyValueRef {
    const table = this.#table;
    const main = this.log.main(change);
    const record = this.log.record(change);
    const keyLength = table.keyLength(record);
    const bytes = new Uint8Array(tombstoneSize(keyLength, main));
    writeTombstone(bytes, 0, table.keyArray(record), table.keyStart(record), keyLength, main);
    return { bytes, start: 0, end: bytes.length };
  }

  #setLease(record: number, key: string, lease: bigint): void {
    const before = this.#table.lease(record);
    if (before === lease) return;
    if (before !== 0n) this.#leases.detach(before, key);
    if (lease !== 0n) this.#leases.attach(lease, key);
    this.#table.setLease(record, lease);
  }
}
