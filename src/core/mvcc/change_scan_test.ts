import assert from "node:assert/strict";
import { latin1FromBytes } from "../../base/bytes.ts";
import { TxnRequest } from "../../pb/etcdserverpb.ts";
import type { Change } from "./change.ts";
import type { Store } from "./store.ts";
import {
  decoded,
  deleteOp,
  finish,
  put,
  putOp,
  remove,
  storeOf,
} from "./testing/store_fixtures.ts";

/** A change as text: revision, + or - key, = value, and what was before in brackets. */
function text(change: Change): string {
  const sign = change.deleted ? "-" : change.created ? "*" : "+";
  const previous = change.previous();
  const before = previous === undefined ? "" : latin1FromBytes(decoded(previous).value);
  const pair = decoded(change.keyValue);
  assert.equal(pair.key, change.key);
  assert.equal(pair.modRevision, change.revision);
  return `${change.revision}${sign}${change.key}=${latin1FromBytes(pair.value)}(${before})`;
}

function scanned(store: Store, from: number, to: number): string[] {
  const seen: string[] = [];
  store.scan(from, to, (change) => seen.push(text(change)) > 0);
  return seen;
}

function scannedRange(
  store: Store,
  key: string,
  rangeEnd: string,
  from: number,
  to: number,
): string[] {
  const seen: string[] = [];
  store.scanRange(key, rangeEnd, from, to, (change) => seen.push(text(change)) > 0);
  return seen;
}

function history(): Store {
  const store = storeOf();
  put(store, "a", "1");
  put(store, "b", "2");
  put(store, "a", "3");
  remove(store, "a", { rangeEnd: "c" });
  put(store, "a", "4");
  return store;
}

Deno.test("Store.scan() visits changes in order with what was before them", () => {
  const store = history();
  assert.deepEqual(scanned(store, 0, 99), [
    "2*a=1()",
    "3*b=2()",
    "4+a=3(1)",
    "5-a=(3)",
    "5-b=(2)",
    "6*a=4()",
  ]);
  assert.deepEqual(scanned(store, 3, 4), ["3*b=2()", "4+a=3(1)"]);
  assert.deepEqual(scanned(store, 7, 9), []);
  assert.deepEqual(scanned(store, 4, 3), []);
});

Deno.test("Store.scan() ends a revision before it stops", () => {
  const store = history();
  const seen: string[] = [];
  store.scan(3, 99, (change) => {
    seen.push(change.key);
    return change.revision < 5;
  });
  assert.deepEqual(seen, ["b", "a", "a", "b"]);
});

Deno.test("Store.scan() begins at the compacted revision and does not look behind it", () => {
  const store = history();
  const compaction = store.compact(5);
  const expected = ["5-a=()", "5-b=()", "6*a=4()"];
  assert.deepEqual(scanned(store, 2, 99), expected);
  assert.deepEqual(scannedRange(store, "a", "", 2, 99), ["5-a=()", "6*a=4()"]);
  finish(compaction);
  assert.deepEqual(scanned(store, 2, 99), expected);
});

Deno.test("Change.previous() is the pair of the revision before, not of the transaction", () => {
  const store = storeOf("a");
  store.txn(TxnRequest.create({ success: [deleteOp("a", "\0"), putOp("a", "new")] }));
  assert.deepEqual(scanned(store, 3, 3), ["3-a=(a)", "3*a=new(a)"]);
});

Deno.test("Store.scanRange() visits the same as scan(), for the keys of the range", () => {
  const store = storeOf();
  for (let i = 0; i < 300; i++) put(store, `key-${i % 30}`, String(i));
  remove(store, "key-3", { rangeEnd: "key-5" });
  const spans: [string, string][] = [
    ["key-7", ""],
    ["missing", ""],
    ["key-1", "key-2"],
    ["key-2", "\0"],
    ["\0", "\0"],
    ["key-5", "key-1"],
  ];
  for (const [key, rangeEnd] of spans) {
    for (const [from, to] of [[0, 999], [100, 200], [250, 302], [302, 302]]) {
      const expected: string[] = [];
      store.scan(from, to, (change) => {
        const inside = rangeEnd === ""
          ? change.key === key
          : change.key >= key && (rangeEnd === "\0" || change.key < rangeEnd);
        if (inside) expected.push(text(change));
        return true;
      });
      assert.deepEqual(scannedRange(store, key, rangeEnd, from, to), expected);
    }
  }
});

Deno.test("Store.scanRange() stops behind the revision in which it was told to", () => {
  const store = history();
  for (const rangeEnd of ["", "\0"]) {
    const seen: number[] = [];
    store.scanRange("a", rangeEnd, 0, 99, (change) => {
      seen.push(change.revision);
      return change.revision < 4;
    });
    assert.deepEqual(seen, rangeEnd === "" ? [2, 4] : [2, 3, 4]);
  }
});
