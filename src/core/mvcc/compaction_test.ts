import assert from "node:assert/strict";
import { RangeRequest, TxnRequest } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { Store } from "./store.ts";
import {
  deleteOp,
  FakeLeases,
  finish,
  keysOf,
  put,
  putOp,
  range,
  remove,
  storeOf,
  valueAt,
} from "./testing/store_fixtures.ts";

/** What a watch from `from` on would see, as text. */
function changesFrom(store: Store, from: number): string[] {
  const seen: string[] = [];
  store.scan(from, store.currentRevision, ({ revision, key, deleted }) => {
    seen.push(`${revision} ${deleted ? "-" : "+"}${key}`);
    return true;
  });
  return seen;
}

Deno.test("Store.compact() refuses what is compacted and what is to come", () => {
  const store = storeOf("a", "b", "c");
  assert.throws(() => store.compact(5), ETCD_ERRORS.futureRev);
  assert.throws(() => store.compact(-1), ETCD_ERRORS.compacted);
  store.compact(3);
  assert.throws(() => store.compact(3), ETCD_ERRORS.compacted);
  assert.throws(() => store.compact(2), ETCD_ERRORS.compacted);
  assert.equal(store.compactedRevision, 3);
});

Deno.test("Store.compact() makes old revisions unreadable before anything is removed", () => {
  const store = storeOf("a", "a", "a");
  store.compact(4);
  assert.throws(() => range(store, "a", { revision: 3 }), ETCD_ERRORS.compacted);
  assert.equal(store.changeCount, 3);
  assert.deepEqual(changesFrom(store, 2), ["4 +a"]);
});

Deno.test("Compaction keeps the newest version up to its revision of each key that exists", () => {
  const store = storeOf("a", "a", "b", "a");
  finish(store.compact(4));
  assert.equal(store.changeCount, 3);
  assert.equal(valueAt(store, "a", 4), "a");
  finish(store.compact(5));
  assert.equal(store.changeCount, 2);
  store.check();
});

Deno.test("Compaction removes tombstones before its revision, and the keys with them", () => {
  const store = storeOf("a", "b");
  remove(store, "a");
  put(store, "b", "");
  finish(store.compact(5));
  assert.equal(store.changeCount, 1);
  store.check();
  put(store, "a", "again");
  assert.equal(valueAt(store, "a"), "again");
});

Deno.test("Compaction keeps a tombstone exactly at its revision for the watches that start there", () => {
  const store = storeOf("a");
  remove(store, "a");
  put(store, "b", "");
  finish(store.compact(3));
  assert.deepEqual(changesFrom(store, 3), ["3 -a", "4 +b"]);
  assert.equal(store.changeCount, 2);
  finish(store.compact(4));
  assert.equal(store.changeCount, 1);
  store.check();
});

Deno.test("Compaction keeps all changes of its revision when a transaction changed a key twice", () => {
  const store = storeOf("a", "b");
  store.txn(
    TxnRequest.create({ success: [deleteOp("a", "\0"), putOp("a", "new"), deleteOp("a")] }),
  );
  assert.equal(store.currentRevision, 4);
  finish(store.compact(4));
  assert.deepEqual(changesFrom(store, 4), ["4 -a", "4 -b", "4 +a", "4 -a"]);
  put(store, "c", "");
  finish(store.compact(5));
  assert.equal(store.changeCount, 1);
  store.check();
});

Deno.test("Compaction.step() parts the work, and writes may come between", () => {
  const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`);
  const store = storeOf(...keys, ...keys);
  const compaction = store.compact(store.currentRevision);
  let slices = 1;
  while (compaction.step(20)) {
    slices++;
    put(store, `key-${slices}`, `during ${slices}`);
    store.check();
  }
  assert.ok(slices > 50);
  assert.equal(compaction.isDone, true);
  assert.equal(valueAt(store, "key-7"), "during 7");
  assert.equal(range(store, "\0", { rangeEnd: "\0" }).count, 500);
});

Deno.test("Compaction waits for the ones before it, whichever is stepped", () => {
  const store = storeOf("a", "a", "b", "b", "a");
  const first = store.compact(3);
  const second = store.compact(5);
  const third = store.compact(6);
  finish(third);
  assert.deepEqual([first.isDone, second.isDone, third.isDone], [true, true, true]);
  assert.equal(store.changeCount, 2);
  store.check();
});

Deno.test("Compaction waits while a hash is being made", () => {
  const store = storeOf("a", "a", "a");
  const hash = store.hashKv(0);
  const compaction = store.compact(4);
  assert.equal(compaction.step(100), true);
  assert.equal(store.changeCount, 3);
  hash.cancel();
  finish(compaction);
  assert.equal(store.changeCount, 1);
});

Deno.test("Compaction gives the memory of values back", () => {
  const store = storeOf();
  const value = "v".repeat(50_000);
  for (let i = 0; i < 400; i++) put(store, `key-${i % 10}`, value);
  const before = store.valueBytesAllocated;
  finish(store.compact(store.currentRevision));
  assert.ok(store.valueBytesAllocated < before / 5);
  store.check();
  assert.equal(keysOf(range(store, "key-3")), "key-3");
});

Deno.test("Compaction.step() removes no more than it may, and says how much", () => {
  const store = storeOf(...Array.from({ length: 100 }, () => "a"));
  const compaction = store.compact(101);
  let removed = 0;
  let more = true;
  while (more) {
    more = compaction.step(1_000, 7);
    assert.ok(compaction.removedChanges - removed <= 7);
    removed = compaction.removedChanges;
  }
  assert.equal(compaction.removedChanges, 99);
  assert.equal(store.counters.compactedChanges, 99);
});

Deno.test("Compaction.isBlocked tells that a step would do nothing", () => {
  const store = storeOf("a", "a", "a", "a");
  const first = store.compact(3);
  const second = store.compact(5);
  assert.deepEqual([first.isBlocked, second.isBlocked], [false, false]);
  const hash = store.hashKv(0);
  assert.deepEqual([first.isBlocked, second.isBlocked], [true, true]);
  hash.cancel();
  finish(second);
  const other = store.hashKv(0);
  assert.deepEqual([first.isBlocked, second.isBlocked], [false, false], "both are done");
  other.cancel();
});

Deno.test("Compaction removes in the order of revisions", () => {
  const store = storeOf("a", "b", "c", "c", "a", "b");
  const checkpoint = store.beginCheckpoint();
  checkpoint.step(100, () => {});
  finish(store.compact(7));
  const { removals } = store.beginCheckpoint();
  assert.deepEqual(
    Array.from({ length: removals.count }, (_, i) => removals.main(i)),
    [2, 3, 4],
  );
});

Deno.test("Store.finishedCompactRevision follows when all is removed", () => {
  const store = storeOf("a", "a", "a");
  const compaction = store.compact(4);
  assert.equal(store.finishedCompactRevision, -1);
  compaction.step(1, 1);
  assert.equal(store.finishedCompactRevision, -1);
  finish(compaction);
  assert.equal(store.finishedCompactRevision, 4);
});

/** A store that hashes, and writes that supersede each other. */
function hashingStore(): Store {
  const store = new Store(new FakeLeases(), { hashCompactions: true });
  for (let i = 0; i < 40; i++) put(store, `key-${i % 3}`, `${i}`);
  return store;
}

Deno.test("Compaction makes the hash that a hash of its revision gives before it", () => {
  const store = hashingStore();
  finish(store.compact(10));
  const before = store.hashKv(20);
  while (before.step(10));
  finish(store.compact(20));
  assert.deepEqual(store.compactionHashes.at(-1), {
    hash: before.hash,
    revision: 20,
    compactRevision: 10,
  });
});

Deno.test("Compaction keeps no hash when the one before was still at work", () => {
  const store = hashingStore();
  store.compact(10);
  finish(store.compact(20));
  finish(store.compact(30));
  assert.deepEqual(store.compactionHashes.map(({ revision }) => revision), [10, 30]);
});

Deno.test("Compaction makes hashes only where that is wanted, and keeps the newest ten", () => {
  const store = hashingStore();
  for (let revision = 2; revision <= 20; revision++) finish(store.compact(revision));
  const revisions = store.compactionHashes.map(({ revision }) => revision);
  assert.deepEqual(revisions, [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  const other = storeOf("a", "a");
  finish(other.compact(2));
  assert.deepEqual(other.compactionHashes, []);
});

Deno.test("Compaction waits for others behind its hash before it removes", () => {
  const store = hashingStore();
  const compaction = store.compact(30);
  compaction.step(1);
  const cursor = store.openRange(
    RangeRequest.create({ key: "key-", rangeEnd: "\0", revision: 30 }),
  );
  while (!compaction.isBlocked) compaction.step(10);
  assert.equal(store.changeCount, 40);
  cursor.cancel();
  finish(compaction);
  assert.ok(store.changeCount < 40);
});
