import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import {
  Compare,
  CompareResult,
  CompareTarget,
  type RequestOp,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { Store } from "./store.ts";
import type { OpResult, TxnResult } from "./store.ts";
import {
  deleteOp,
  FakeLeases,
  finish,
  keysOf,
  put,
  putOp,
  range,
  rangeOp,
  remove,
  storeOf,
  txnOp,
  valueAt,
} from "./testing/store_fixtures.ts";

const { EQUAL, GREATER, LESS, NOT_EQUAL } = CompareResult;
const { VERSION, CREATE, MOD, VALUE, LEASE } = CompareTarget;

function txn(
  store: Store,
  success: RequestOp[],
  compare: Compare[] = [],
  failure: RequestOp[] = [],
) {
  return store.txn(TxnRequest.create({ compare, success, failure }));
}

function holds(store: Store, fields: Partial<Compare>): boolean {
  return txn(store, [], [Compare.create({ key: "a", ...fields })]).succeeded;
}

/** Answers as short text: what each operation found or did, and the revision it tells. */
function text(result: TxnResult): string {
  return result.responses.map(opText).join(", ");
}

function opText(result: OpResult): string {
  if (result.kind === "range") return `range ${keysOf(result)} @${result.revision}`;
  if (result.kind === "put") return `put @${result.revision}`;
  if (result.kind === "deleteRange") return `deleted ${result.deleted} @${result.revision}`;
  return `txn(${text(result)}) @${result.revision}`;
}

/** Key a was made at 2 and has version 2 and value "b" since 3, on lease 7. */
function storeWithA(): Store {
  const store = new Store(new FakeLeases(7n));
  put(store, "a", "a");
  put(store, "a", "b", { lease: 7n });
  return store;
}

const OPERANDS: readonly [number, Partial<Compare>, Partial<Compare>, Partial<Compare>][] = [
  [VERSION, { version: 1 }, { version: 2 }, { version: 3 }],
  [CREATE, { createRevision: 1 }, { createRevision: 2 }, { createRevision: 3 }],
  [MOD, { modRevision: 2 }, { modRevision: 3 }, { modRevision: 4 }],
  [LEASE, { lease: -1n }, { lease: 7n }, { lease: 2n ** 62n }],
  [
    VALUE,
    { value: bytesFromLatin1("a\xff") },
    { value: bytesFromLatin1("b") },
    { value: bytesFromLatin1("b\0") },
  ],
];

for (const [target, below, same, above] of OPERANDS) {
  Deno.test(`Store.txn() compares target ${target} in all four ways`, () => {
    const store = storeWithA();
    const results = [EQUAL, NOT_EQUAL, GREATER, LESS];
    const truths = (operand: Partial<Compare>) =>
      results.map((result) => holds(store, { target, result, ...operand }));
    assert.deepEqual(truths(below), [false, true, true, false]);
    assert.deepEqual(truths(same), [true, false, false, false]);
    assert.deepEqual(truths(above), [false, true, false, true]);
  });
}

Deno.test("Store.txn() compares a missing key with zeros, its value with nothing", () => {
  for (const store of [storeOf(), storeOf("a")]) {
    remove(store, "a");
    assert.equal(holds(store, { target: VERSION, result: EQUAL, version: 0 }), true);
    assert.equal(holds(store, { target: CREATE, result: EQUAL, createRevision: 0 }), true);
    assert.equal(holds(store, { target: MOD, result: LESS, modRevision: 1 }), true);
    assert.equal(holds(store, { target: LEASE, result: NOT_EQUAL, lease: 0n }), false);
    for (const result of [EQUAL, NOT_EQUAL, GREATER, LESS]) {
      assert.equal(holds(store, { target: VALUE, result, value: bytesFromLatin1("") }), false);
    }
  }
});

Deno.test("Store.txn() takes a missing operand for zero", () => {
  const store = storeWithA();
  assert.equal(holds(store, { target: MOD, result: GREATER }), true);
  assert.equal(holds(store, { target: VALUE, result: GREATER }), true);
  assert.equal(holds(store, { target: MOD, result: GREATER, version: 100 }), true);
});

Deno.test("Store.txn() wants every key of a compared range to pass", () => {
  const store = storeOf("a", "b", "c");
  const all = { target: MOD, result: LESS, rangeEnd: "\0" };
  assert.equal(holds(store, { ...all, modRevision: 5 }), true);
  assert.equal(holds(store, { ...all, modRevision: 4 }), false);
  assert.equal(holds(store, { ...all, rangeEnd: "c", modRevision: 4 }), true);
  assert.equal(holds(store, { ...all, key: "x", rangeEnd: "z", modRevision: 1 }), true);
});

Deno.test("Store.txn() runs one branch and tells which", () => {
  const store = storeOf("a");
  const compare = [
    Compare.create({ key: "a", target: VERSION, result: EQUAL, version: 1 }),
    Compare.create({ key: "b", target: VERSION, result: EQUAL, version: 0 }),
  ];
  assert.equal(txn(store, [putOp("b", "1")], compare, [putOp("b", "2")]).succeeded, true);
  assert.equal(valueAt(store, "b"), "1");
  assert.equal(txn(store, [putOp("b", "1")], compare, [putOp("b", "2")]).succeeded, false);
  assert.equal(valueAt(store, "b"), "2");
});

Deno.test("Store.txn() makes one revision of all writes, with sub revisions in order", () => {
  const store = storeOf("a", "b", "c");
  txn(store, [putOp("z"), deleteOp("a", "c"), txnOp([], [putOp("d")])]);
  assert.equal(store.currentRevision, 5);
  const seen: string[] = [];
  store.scan(5, 5, (change) => seen.push(change.key) > 0);
  assert.deepEqual(seen, ["z", "a", "b", "d"]);
  txn(store, [rangeOp("a"), deleteOp("x")]);
  assert.equal(store.currentRevision, 5);
});

Deno.test("Store.txn() shows reads what was written before them in the same transaction", () => {
  const store = storeOf("a");
  const result = txn(store, [
    rangeOp("\0", { rangeEnd: "\0" }),
    deleteOp("x"),
    putOp("b"),
    rangeOp("\0", { rangeEnd: "\0" }),
    deleteOp("a"),
    rangeOp("\0", { rangeEnd: "\0" }),
    txnOp([], [rangeOp("a", { rangeEnd: "\0", revision: 2 })]),
  ]);
  assert.equal(
    text(result),
    "range a @2, deleted 0 @2, put @3, range a b @3, deleted 1 @3, range b @3, txn(range a @3) @0",
  );
});

Deno.test("Store.txn() chooses nested branches before anything is written", () => {
  const store = storeOf();
  const missing = [Compare.create({ key: "a", target: VERSION, result: EQUAL, version: 0 })];
  txn(store, [putOp("a"), txnOp(missing, [putOp("then")], [putOp("else")])]);
  assert.equal(keysOf(range(store, "\0", { rangeEnd: "\0" })), "a then");
});

const REFUSED: readonly [string, RequestOp, Error][] = [
  ["a lease that is not", putOp("x", "", { lease: 8n }), ETCD_ERRORS.leaseNotFound],
  ["a key to keep that is not", putOp("x", "", { ignoreValue: true }), ETCD_ERRORS.keyNotFound],
  [
    "a key to keep that only this transaction makes",
    putOp("made", "", { ignoreLease: true }),
    ETCD_ERRORS.keyNotFound,
  ],
  ["a revision to come", rangeOp("a", { revision: 5 }), ETCD_ERRORS.futureRev],
  ["a compacted revision", rangeOp("a", { revision: 2 }), ETCD_ERRORS.compacted],
  ["a negative revision", rangeOp("a", { revision: -2 }), ETCD_ERRORS.compacted],
];

for (const [what, op, error] of REFUSED) {
  Deno.test(`Store.txn() changes nothing when it is refused for ${what}`, () => {
    const store = storeWithA();
    put(store, "b", "b");
    finish(store.compact(3));
    for (const ops of [[putOp("made"), op], [putOp("made"), txnOp([], [op])]]) {
      assert.throws(() => txn(store, ops), error);
      assert.equal(store.currentRevision, 4);
      assert.equal(store.keyCount, 2);
      store.check();
    }
    // On the other branch it does no harm.
    assert.equal(txn(store, [], [], [op]).succeeded, true);
  });
}

Deno.test("Store.txn() refuses puts before ranges, whatever their order", () => {
  const store = storeOf("a");
  const ops = [rangeOp("a", { revision: 9 }), putOp("a", "", { lease: 3n })];
  assert.throws(() => txn(store, ops), ETCD_ERRORS.leaseNotFound);
});

Deno.test("Store.txn() gives previous pairs as they were within the transaction", () => {
  const store = storeOf("a");
  const { responses } = txn(store, [putOp("a", "1", { prevKv: true }), deleteOp("a", "\0")]);
  const [first, second] = responses;
  assert.ok(first.kind === "put" && second.kind === "deleteRange");
  assert.equal(first.prevKv !== undefined, true);
  assert.equal(second.prevKvs.length, 1);
  assert.equal(store.keyCount, 0);
});
