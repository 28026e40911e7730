import assert from "node:assert/strict";
import { TxnRequest } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import type { Store } from "./store.ts";
import {
  deleteOp,
  finish,
  keysOf,
  put,
  putOp,
  range,
  remove,
  storeOf,
  valueAt,
} from "./store_testing.ts";

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
