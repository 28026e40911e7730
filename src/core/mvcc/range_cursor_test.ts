import assert from "node:assert/strict";
import { RangeRequest, SortOrder } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import type { RangeCursor } from "./range_cursor.ts";
import { finish, keysOf, put, remove, storeOf } from "./testing/store_fixtures.ts";

const ALL = { key: "\0", rangeEnd: "\0" };

/** How many slices it took. */
function readAll(cursor: RangeCursor, budget: number): number {
  let slices = 1;
  while (cursor.step(budget)) slices++;
  return slices;
}

Deno.test("RangeCursor reads the revision at which it was opened", () => {
  const store = storeOf("a", "b", "c", "d");
  const cursor = store.openRange(RangeRequest.create(ALL));
  assert.equal(cursor.step(2), true);
  remove(store, "c");
  put(store, "cc", "");
  put(store, "a", "");
  readAll(cursor, 2);
  const result = cursor.result();
  assert.deepEqual([keysOf(result), result.count, result.more], ["a b c d", 4, false]);
});

Deno.test("RangeCursor stops when the limit is reached and the count is known", () => {
  const store = storeOf(...Array.from({ length: 500 }, (_, i) => `key-${i}`));
  for (const sortOrder of [SortOrder.ASCEND, SortOrder.DESCEND]) {
    const cursor = store.openRange(RangeRequest.create({ ...ALL, limit: 5, sortOrder }));
    assert.ok(readAll(cursor, 3) <= 3);
    const result = cursor.result();
    assert.deepEqual([result.kvs.length, result.count, result.more], [5, 500, true]);
  }
});

Deno.test("RangeCursor keeps compactions waiting until it is done or cancelled", () => {
  const store = storeOf("a", "a", "a");
  const done = store.openRange(RangeRequest.create({ ...ALL, revision: 3 }));
  const cancelled = store.openRange(RangeRequest.create(ALL));
  const compaction = store.compact(4);
  assert.throws(
    () => store.openRange(RangeRequest.create({ ...ALL, revision: 3 })),
    ETCD_ERRORS.compacted,
  );
  readAll(done, 10);
  assert.equal(keysOf(done.result()), "a");
  assert.equal(compaction.step(10), true);
  cancelled.cancel();
  cancelled.cancel();
  finish(compaction);
  assert.equal(store.changeCount, 1);
});
