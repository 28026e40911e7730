import assert from "node:assert/strict";
import { latin1FromBytes } from "../../base/bytes.ts";
import { TxnRequest } from "../../pb/etcdserverpb.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import type { RemovedChanges } from "./removed_changes.ts";
import type { Store, StoreCheckpoint } from "./store.ts";
import { deleteOp, finish, put, putOp, remove, storeOf } from "./testing/store_fixtures.ts";

/** What a checkpoint hands over, in slices of `limit`. */
function takeAll(checkpoint: StoreCheckpoint, limit = 2): string[] {
  const taken: string[] = [];
  const visit = (
    main: number,
    sub: number,
    tombstone: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ) => {
    const { key, modRevision, value } = KeyValue.decode(bytes, start, end);
    assert.equal(modRevision, tombstone ? 0 : main);
    taken.push(`${main}.${sub} ${tombstone ? "-" : "+"}${key}${latin1FromBytes(value)}`);
  };
  while (checkpoint.step(limit, visit));
  return taken;
}

function writeCheckpoint(store: Store): string[] {
  return takeAll(store.beginCheckpoint());
}

function removedText(removals: RemovedChanges): string[] {
  return Array.from({ length: removals.count }, (_, i) => {
    return `${removals.main(i)}.${removals.sub(i)}${removals.isTombstone(i) ? "t" : ""}`;
  });
}

Deno.test("StoreCheckpoint hands over each change once, in order and as it is stored", () => {
  const store = storeOf();
  put(store, "a", "1");
  store.txn(TxnRequest.create({ success: [putOp("b", "2"), deleteOp("a"), putOp("a", "3")] }));
  remove(store, "b");
  assert.equal(store.pendingChanges, 5);
  assert.equal(store.pendingBytes, store.sizeInUseBytes);
  assert.deepEqual(writeCheckpoint(store), ["2.0 +a1", "3.0 +b2", "3.1 -a", "3.2 +a3", "4.0 -b"]);
  assert.equal(store.pendingChanges, 0);
  assert.equal(store.pendingBytes, 0);
  assert.deepEqual(writeCheckpoint(store), []);
  put(store, "a", "4");
  assert.deepEqual(writeCheckpoint(store), ["5.0 +a4"]);
  store.check();
});

Deno.test("StoreCheckpoint leaves what is written behind its cut to the next one", () => {
  const store = storeOf("a", "b", "c");
  const checkpoint = store.beginCheckpoint();
  put(store, "d", "");
  assert.equal(checkpoint.revision, 4);
  assert.equal(checkpoint.step(1, () => {}), true);
  put(store, "e", "");
  assert.deepEqual(takeAll(checkpoint), ["3.0 +bb", "4.0 +cc"]);
  assert.equal(store.pendingChanges, 2);
  assert.deepEqual(writeCheckpoint(store), ["5.0 +d", "6.0 +e"]);
});

Deno.test("StoreCheckpoint keeps compactions waiting until all is handed over", () => {
  const store = storeOf("a", "a", "a");
  const checkpoint = store.beginCheckpoint();
  const compaction = store.compact(4);
  checkpoint.step(1, () => {});
  assert.equal(compaction.step(100), true);
  assert.equal(store.changeCount, 3);
  takeAll(checkpoint);
  assert.equal(checkpoint.isOpen, false);
  finish(compaction);
  assert.equal(store.changeCount, 1);
  const empty = store.beginCheckpoint();
  assert.equal(empty.isOpen, false, "there is nothing to hand over");
});

Deno.test("StoreCheckpoint.cancel() lets compactions go on", () => {
  const store = storeOf("a", "a", "a");
  const checkpoint = store.beginCheckpoint();
  checkpoint.cancel();
  checkpoint.cancel();
  assert.equal(checkpoint.step(10, () => assert.fail("nothing is handed over")), false);
  finish(store.compact(4));
  assert.equal(store.changeCount, 1);
});

Deno.test("StoreCheckpoint tells of removed changes only if they were handed over", () => {
  const store = storeOf("a", "a", "b");
  remove(store, "b");
  writeCheckpoint(store);
  put(store, "a", "x");
  put(store, "a", "y");
  put(store, "c", "");
  finish(store.compact(7));
  const checkpoint = store.beginCheckpoint();
  assert.deepEqual(removedText(checkpoint.removals), ["2.0", "3.0", "4.0", "5.0t"]);
  assert.deepEqual(takeAll(checkpoint), ["7.0 +ay", "8.0 +c"]);
  assert.deepEqual(removedText(store.beginCheckpoint().removals), []);
});

Deno.test("StoreCheckpoint has no more removals after its cut", () => {
  const store = storeOf("a", "a");
  writeCheckpoint(store);
  const checkpoint = store.beginCheckpoint();
  finish(store.compact(3));
  assert.deepEqual(removedText(checkpoint.removals), []);
  assert.deepEqual(removedText(store.beginCheckpoint().removals), ["2.0"]);
});

Deno.test("StoreCheckpoint tells how far compactions are", () => {
  const store = storeOf("a", "a", "a");
  const none = store.beginCheckpoint();
  assert.deepEqual([none.scheduledCompactRevision, none.finishedCompactRevision], [-1, -1]);
  takeAll(none);
  const compaction = store.compact(3);
  const begun = store.beginCheckpoint();
  assert.deepEqual([begun.scheduledCompactRevision, begun.finishedCompactRevision], [3, -1]);
  takeAll(begun);
  finish(compaction);
  store.compact(4);
  const next = store.beginCheckpoint();
  assert.deepEqual([next.scheduledCompactRevision, next.finishedCompactRevision], [4, 3]);
});

Deno.test("Store.beginCheckpoint() makes one checkpoint after the other", () => {
  const store = storeOf("a");
  const checkpoint = store.beginCheckpoint();
  assert.throws(() => store.beginCheckpoint(), /one after the other/);
  checkpoint.cancel();
  store.beginCheckpoint();
});
