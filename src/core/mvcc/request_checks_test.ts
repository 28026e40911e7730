import assert from "node:assert/strict";
import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import {
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTxn,
  isReadOnlyTxn,
  isSerializableTxn,
} from "./request_checks.ts";
import { deleteOp, putOp, rangeOp, txnOp } from "./testing/store_fixtures.ts";

const MAX_TXN_OPS = 128;

/** The error that a call throws, undefined if none. */
function thrown(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

function checkOps(success: RequestOp[], failure: RequestOp[] = [], maxOps = MAX_TXN_OPS): unknown {
  return thrown(() => checkTxn(TxnRequest.create({ success, failure }), maxOps));
}

Deno.test("checkRange() refuses an empty key and sort options that there are not", () => {
  const check = (fields: Partial<RangeRequest>) =>
    thrown(() => checkRange(RangeRequest.create({ key: "a", ...fields })));
  assert.equal(check({}), undefined);
  assert.equal(check({ sortOrder: 2, sortTarget: 4 }), undefined);
  assert.equal(check({ key: "" }), ETCD_ERRORS.emptyKey);
  assert.equal(check({ sortOrder: 3 }), ETCD_ERRORS.invalidSortOption);
  assert.equal(check({ sortOrder: -1 }), ETCD_ERRORS.invalidSortOption);
  assert.equal(check({ sortTarget: 5 }), ETCD_ERRORS.invalidSortOption);
});

Deno.test("checkPut() refuses what ignore_value and ignore_lease make pointless", () => {
  const check = (fields: Partial<PutRequest>) =>
    thrown(() => checkPut(PutRequest.create({ key: "a", ...fields })));
  const value = new Uint8Array(1);
  assert.equal(check({ value, lease: 1n }), undefined);
  assert.equal(check({ ignoreValue: true, lease: 1n }), undefined);
  assert.equal(check({ ignoreLease: true, value }), undefined);
  assert.equal(check({ key: "" }), ETCD_ERRORS.emptyKey);
  assert.equal(check({ ignoreValue: true, value }), ETCD_ERRORS.valueProvided);
  assert.equal(check({ ignoreLease: true, lease: 1n }), ETCD_ERRORS.leaseProvided);
});

Deno.test("checkDeleteRange() refuses an empty key", () => {
  const check = (key: string) => thrown(() => checkDeleteRange(DeleteRangeRequest.create({ key })));
  assert.equal(check("a"), undefined);
  assert.equal(check(""), ETCD_ERRORS.emptyKey);
});

Deno.test("checkTxn() refuses empty keys and operations that are nothing", () => {
  assert.equal(checkOps([putOp("a"), rangeOp("a"), deleteOp("b")]), undefined);
  assert.equal(checkOps([rangeOp("")]), ETCD_ERRORS.emptyKey);
  assert.equal(checkOps([], [putOp("")]), ETCD_ERRORS.emptyKey);
  assert.equal(checkOps([txnOp([], [], [deleteOp("")])]), ETCD_ERRORS.emptyKey);
  assert.equal(checkOps([RequestOp.create()]), ETCD_ERRORS.keyNotFound);
  const compare = [Compare.create()];
  assert.equal(
    thrown(() => checkTxn(TxnRequest.create({ compare }), MAX_TXN_OPS)),
    ETCD_ERRORS.emptyKey,
  );
});

Deno.test("checkTxn() counts the longest of the three lists, and nested ones share the rest", () => {
  const ranges = (count: number) => Array.from({ length: count }, () => rangeOp("a"));
  assert.equal(checkOps(ranges(3), ranges(2), 3), undefined);
  assert.equal(checkOps(ranges(3), ranges(4), 3), ETCD_ERRORS.tooManyOps);
  assert.equal(checkOps([txnOp([], ranges(2))], [], 3), undefined);
  assert.equal(checkOps([txnOp([], ranges(3))], [], 3), ETCD_ERRORS.tooManyOps);
  assert.equal(checkOps([txnOp([], [txnOp([], ranges(1))])], [], 3), undefined);
  assert.equal(checkOps([txnOp([], [txnOp([], ranges(2))])], [], 3), ETCD_ERRORS.tooManyOps);
  // Siblings do not take from each other.
  assert.equal(checkOps([txnOp([], ranges(2)), txnOp([], ranges(2))], [], 4), undefined);
  const compare = Array.from({ length: 4 }, () => Compare.create({ key: "a" }));
  assert.equal(
    thrown(() => checkTxn(TxnRequest.create({ compare }), 3)),
    ETCD_ERRORS.tooManyOps,
  );
});

const DUPLICATES: readonly [string, RequestOp[]][] = [
  ["two puts", [putOp("a"), putOp("a")]],
  ["a put in a deleted range", [putOp("b"), deleteOp("a", "c")]],
  ["a deletion before the put", [deleteOp("a"), putOp("a")]],
  ["a put in the overlap of deletions", [deleteOp("a", "d"), deleteOp("b", "c"), putOp("c\xff")]],
  ["a nested put of a key put above", [putOp("a"), txnOp([], [putOp("a")])]],
  ["a nested put of a key deleted above", [txnOp([], [putOp("a")]), deleteOp("a")]],
  ["a put of a key deleted below", [putOp("a"), txnOp([], [], [deleteOp("a")])]],
  ["puts of two nested transactions", [txnOp([], [putOp("a")]), txnOp([], [], [putOp("a")])]],
  [
    "a put of a later nested transaction in a range deleted by an earlier one",
    [txnOp([], [deleteOp("a")]), txnOp([], [putOp("a")])],
  ],
];

for (const [what, ops] of DUPLICATES) {
  Deno.test(`checkTxn() refuses ${what}`, () => {
    assert.equal(checkOps(ops), ETCD_ERRORS.duplicateKey);
    assert.equal(checkOps([], ops), ETCD_ERRORS.duplicateKey);
    assert.equal(checkOps([txnOp([], ops)]), ETCD_ERRORS.duplicateKey);
  });
}

const NO_DUPLICATES: readonly [string, RequestOp[]][] = [
  ["the same put in both branches", [txnOp([], [putOp("a")], [putOp("a")])]],
  ["a put and a deletion in different branches", [txnOp([], [putOp("a")], [deleteOp("a")])]],
  ["a put next to a deleted range", [putOp("c"), deleteOp("a", "c")]],
  ["deletions that overlap", [deleteOp("a", "c"), deleteOp("b")]],
  ["a range deleted backwards", [deleteOp("c", "a"), putOp("b")]],
  // etcd does not see these two.
  ["a put in a range deleted to the end", [deleteOp("a", "\0"), putOp("b")]],
  [
    "a put of an earlier nested transaction in a range deleted by a later one",
    [txnOp([], [putOp("a")]), txnOp([], [deleteOp("a")])],
  ],
];

for (const [what, ops] of NO_DUPLICATES) {
  Deno.test(`checkTxn() takes ${what}`, () => {
    assert.equal(checkOps(ops), undefined);
  });
}

Deno.test("checkTxn() takes the same put in both branches of the outermost transaction", () => {
  assert.equal(checkOps([putOp("a")], [putOp("a")]), undefined);
});

Deno.test("checkTxn() is quick when a large transaction deletes and puts a lot", () => {
  const ops: RequestOp[] = [];
  for (let i = 0; i < 20_000; i++) ops.push(deleteOp(`d${i}`), putOp(`p${i}`));
  assert.equal(checkOps(ops, [], 40_000), undefined);
  assert.equal(checkOps([...ops, putOp("d77")], [], 40_001), ETCD_ERRORS.duplicateKey);
});

Deno.test("isReadOnlyTxn() and isSerializableTxn() look at both branches", () => {
  const linear = rangeOp("a");
  const local = rangeOp("a", { serializable: true });
  const kinds = (success: RequestOp[], failure: RequestOp[]) => {
    const txn = TxnRequest.create({ success, failure });
    return [isReadOnlyTxn(txn), isSerializableTxn(txn)];
  };
  assert.deepEqual(kinds([], []), [true, true]);
  assert.deepEqual(kinds([local], [local]), [true, true]);
  assert.deepEqual(kinds([local], [linear]), [true, false]);
  assert.deepEqual(kinds([linear], [putOp("a")]), [false, false]);
  assert.deepEqual(kinds([txnOp([], [local])], []), [false, false]);
});
