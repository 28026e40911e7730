import assert from "node:assert/strict";
import { deleteOp, putOp, rangeOp, txnOp } from "../../../core/mvcc/testing/store_fixtures.ts";
import {
  Compare,
  CompareResult,
  CompareTarget,
  type RequestOp,
  ResponseOp,
  TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import { fitsGuardsOfKeys, guardedTxn, hullOf, ownResponse } from "./guards.ts";
import { changesOf, targetsOf } from "./key_changes.ts";
import { LEASING_LIMITS } from "./limits.ts";

const HOLDS = [Compare.create({ key: "x" })];
const GUARDS = [
  { interval: { key: "L/k", rangeEnd: "" }, revision: 7 },
  { interval: { key: "L/m", rangeEnd: "L/n" }, revision: 9 },
];

function puts(count: number): RequestOp[] {
  return Array.from({ length: count }, (_, i) => putOp(`k${i}`));
}

Deno.test("guardedTxn() does nothing while somebody owns a key, and tells who", () => {
  const put = putOp("k");
  const { compare, success, failure } = guardedTxn(GUARDS, put);
  const isOlder = { target: CompareTarget.CREATE, result: CompareResult.LESS };
  assert.deepEqual(compare, [
    Compare.create({ ...isOlder, key: "L/k", createRevision: 8 }),
    Compare.create({ ...isOlder, key: "L/m", rangeEnd: "L/n", createRevision: 10 }),
  ]);
  assert.deepEqual(success, [put]);
  assert.deepEqual(failure, [rangeOp("L/k")]);
});

Deno.test("guardedTxn() needs no transaction inside another one without a condition", () => {
  const plain = txnOp([], [putOp("k"), rangeOp("k")]);
  assert.deepEqual(guardedTxn(GUARDS, plain).success, plain.requestTxn?.success);
  for (const op of [txnOp(HOLDS, [putOp("k")]), txnOp([], [putOp("k")], [putOp("k")])]) {
    assert.deepEqual(guardedTxn(GUARDS, op).success, [op]);
  }
});

Deno.test("ownResponse() finds the answer to what was asked", () => {
  const put = ResponseOp.create({ responsePut: { header: undefined, prevKv: undefined } });
  const header = { clusterId: 1n, memberId: 2n, revision: 3, raftTerm: 4 };
  const outer = (responses: ResponseOp[]) =>
    TxnResponse.create({ header, succeeded: true, responses });
  assert.equal(ownResponse(putOp("k"), outer([put])), put);
  const expected = TxnResponse.create({ header, succeeded: true, responses: [put] });
  const plain = ownResponse(txnOp([], [putOp("k")]), outer([put]));
  assert.deepEqual(plain.responseTxn, expected);
  const inner = TxnResponse.create({ succeeded: false, responses: [put] });
  const nested = ownResponse(
    txnOp(HOLDS, [], [putOp("k")]),
    outer([ResponseOp.create({ responseTxn: inner })]),
  );
  assert.deepEqual(nested.responseTxn, { ...expected, succeeded: false });
});

Deno.test("fitsGuardsOfKeys() counts as servers do", () => {
  const { txnOps } = LEASING_LIMITS;
  const fits = (op: RequestOp) => fitsGuardsOfKeys(op, targetsOf(op));
  assert.equal(fits(putOp("k")), true);
  assert.equal(fits(txnOp([], puts(txnOps))), true);
  assert.equal(fits(txnOp(HOLDS, puts(txnOps / 2))), true);
  assert.equal(fits(txnOp(HOLDS, puts(txnOps / 2 + 1))), false);
  assert.equal(fits(txnOp([], [...puts(10), txnOp([], puts(txnOps - 10))])), false);
});

Deno.test("hullOf() covers all that is written", () => {
  const hull = (...ops: RequestOp[]) => hullOf(targetsOf(txnOp([], ops)));
  assert.deepEqual(hull(putOp("m"), putOp("c")), { key: "c", rangeEnd: "m\0" });
  assert.deepEqual(hull(putOp("m"), deleteOp("a", "d")), { key: "a", rangeEnd: "m\0" });
  assert.deepEqual(hull(putOp("m"), deleteOp("n", "z")), { key: "m", rangeEnd: "z" });
  assert.deepEqual(hull(putOp("m"), deleteOp("n", "\0")), { key: "m", rangeEnd: "\0" });
});

Deno.test("targetsOf() looks at all that may happen, changesOf() at what has happened", () => {
  const op = txnOp(
    HOLDS,
    [putOp("a"), rangeOp("r"), txnOp(HOLDS, [deleteOp("b")], [deleteOp("c", "d")])],
    [putOp("e"), deleteOp("f")],
  );
  const { keys, intervals } = targetsOf(op);
  assert.deepEqual([...keys].sort(), ["a", "b", "e", "f"]);
  assert.deepEqual(intervals, [{ key: "c", rangeEnd: "d" }]);
  const nothing = ResponseOp.create();
  const txn = (succeeded: boolean, responses: ResponseOp[]) =>
    ResponseOp.create({ responseTxn: TxnResponse.create({ succeeded, responses }) });
  const changed = (response: ResponseOp) =>
    changesOf(op, response).map(({ interval }) => interval.key);
  const inner = txn(false, [nothing]);
  assert.deepEqual(changed(txn(true, [nothing, nothing, inner])), ["a", "c"]);
  assert.deepEqual(changed(txn(false, [nothing, nothing])), ["e", "f"]);
});
