import assert from "node:assert/strict";
import {
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  SortOrder,
  SortTarget,
} from "../../../pb/etcdserverpb.ts";
import { keyText, prefixEnd, toKey, toRange } from "./keys.ts";
import { deleteRequest, putRequest, rangeRequest } from "./requests.ts";
import { compare, op, TxnBuilder } from "./txn.ts";

Deno.test("toKey() writes text as UTF-8, one character a byte, and keyText() reads it", () => {
  assert.equal(toKey("a\u00e9"), "a\u00c3\u00a9");
  assert.equal(toKey(Uint8Array.of(0, 255)), "\u0000\u00ff");
  assert.equal(keyText(toKey("\u65e5\u672c")), "\u65e5\u672c");
});

Deno.test("prefixEnd() is the first key behind all that begin with the prefix", () => {
  assert.deepEqual(prefixEnd("ab"), Uint8Array.of(0x61, 0x63));
  assert.deepEqual(prefixEnd("\u00e9"), Uint8Array.of(0xc3, 0xaa));
  assert.deepEqual(prefixEnd(Uint8Array.of(1, 255, 255)), Uint8Array.of(2));
  assert.deepEqual(prefixEnd(Uint8Array.of(255, 255)), Uint8Array.of(0));
  assert.deepEqual(prefixEnd(""), Uint8Array.of(0));
});

Deno.test("toRange() names one key, a range, a prefix, or all from a key on", () => {
  assert.deepEqual(toRange("k", {}), { key: "k", rangeEnd: "" });
  assert.deepEqual(toRange("k", { rangeEnd: "m" }), { key: "k", rangeEnd: "m" });
  assert.deepEqual(toRange("k", { prefix: true }), { key: "k", rangeEnd: "l" });
  assert.deepEqual(toRange("k", { fromKey: true }), { key: "k", rangeEnd: "\0" });
  assert.deepEqual(toRange("", { prefix: true }), { key: "\0", rangeEnd: "\0" });
  assert.deepEqual(toRange("", { fromKey: true }), { key: "\0", rangeEnd: "\0" });
});

Deno.test("rangeRequest() says what the options say, and nothing without them", () => {
  assert.deepEqual(rangeRequest("k", {}), RangeRequest.create({ key: "k" }));
  const options = {
    limit: 1,
    revision: 2,
    serializable: true,
    keysOnly: true,
    countOnly: true,
    minModRevision: 3,
    maxModRevision: 4,
    minCreateRevision: 5,
    maxCreateRevision: 6,
  };
  assert.deepEqual(
    rangeRequest("k", { ...options, sortBy: "value", order: "descending" }),
    RangeRequest.create({
      key: "k",
      ...options,
      sortTarget: SortTarget.VALUE,
      sortOrder: SortOrder.DESCEND,
    }),
  );
});

Deno.test("rangeRequest() sorts ascending when only a target is given, by key when only an order is", () => {
  const byVersion = rangeRequest("k", { sortBy: "version" });
  assert.equal(byVersion.sortOrder, SortOrder.ASCEND);
  assert.equal(byVersion.sortTarget, SortTarget.VERSION);
  const descending = rangeRequest("k", { order: "descending" });
  assert.equal(descending.sortOrder, SortOrder.DESCEND);
  assert.equal(descending.sortTarget, SortTarget.KEY);
});

Deno.test("putRequest() and deleteRequest() say what the options say", () => {
  const options = { lease: 5n, prevKv: true, ignoreValue: true, ignoreLease: true };
  assert.deepEqual(
    putRequest("k", "v", options),
    PutRequest.create({ key: "k", value: Uint8Array.of(0x76), ...options }),
  );
  assert.deepEqual(
    deleteRequest("k", { prefix: true, prevKv: true }),
    DeleteRangeRequest.create({ key: "k", rangeEnd: "l", prevKv: true }),
  );
});

Deno.test("compare makes conditions of every target and relation", () => {
  const { EQUAL, GREATER, LESS, NOT_EQUAL } = CompareResult;
  const cases = [
    [compare.version("k", "=", 1), CompareTarget.VERSION, EQUAL, { version: 1 }],
    [compare.createRevision("k", ">", 2), CompareTarget.CREATE, GREATER, { createRevision: 2 }],
    [compare.modRevision("k", "<", 3), CompareTarget.MOD, LESS, { modRevision: 3 }],
    [compare.lease("k", "!=", 4n), CompareTarget.LEASE, NOT_EQUAL, { lease: 4n }],
    [compare.value("k", "=", "v"), CompareTarget.VALUE, EQUAL, { value: Uint8Array.of(0x76) }],
  ] as const;
  for (const [{ message }, target, result, expected] of cases) {
    assert.equal(message.key, "k");
    assert.equal(message.target, target);
    assert.equal(message.result, result);
    assert.deepEqual({ ...message, ...expected }, message);
  }
  assert.equal(compare.version("k", "=", 1, { prefix: true }).message.rangeEnd, "l");
});

Deno.test("TxnBuilder collects conditions and operations, nested ones too", () => {
  const noCommit = () => Promise.reject(new Error("not committed here"));
  const inner = new TxnBuilder(noCommit).success(op.delete("x"));
  const request = new TxnBuilder(noCommit)
    .if(compare.version("k", "=", 1))
    .if(compare.version("k", "=", 2))
    .success(op.get("a"), op.put("b", "1"))
    .failure(op.txn(inner))
    .request();
  assert.deepEqual(request.compare.map(({ version }) => version), [1, 2]);
  assert.equal(request.success[0].requestRange?.key, "a");
  assert.equal(request.success[1].requestPut?.key, "b");
  assert.equal(request.failure[0].requestTxn?.success[0].requestDeleteRange?.key, "x");
});
