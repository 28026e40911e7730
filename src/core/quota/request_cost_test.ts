import assert from "node:assert/strict";
import {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { putCostBytes, txnCostBytes } from "./request_cost.ts";

function put(sizeBytes: number): PutRequest {
  return PutRequest.create({ key: "key", value: new Uint8Array(sizeBytes - 3) });
}

function putOp(sizeBytes: number): RequestOp {
  return RequestOp.create({ requestPut: put(sizeBytes) });
}

function txnOp(success: RequestOp[], failure: RequestOp[] = []): RequestOp {
  return RequestOp.create({ requestTxn: TxnRequest.create({ success, failure }) });
}

const FREE_OPS: RequestOp[] = [
  RequestOp.create({ requestRange: RangeRequest.create({ key: "a" }) }),
  RequestOp.create({ requestDeleteRange: DeleteRangeRequest.create({ key: "a" }) }),
  RequestOp.create(),
];

Deno.test("putCostBytes() is etcd's overhead and the bytes of the pair", () => {
  assert.equal(putCostBytes(PutRequest.create()), 256);
  assert.equal(putCostBytes(PutRequest.create({ key: "\xff\xff", value: Uint8Array.of(1) })), 259);
});

Deno.test("txnCostBytes() is the dearer branch, nested transactions with it", () => {
  const cost = (success: RequestOp[], failure: RequestOp[]) =>
    txnCostBytes(TxnRequest.create({ success, failure }));
  assert.equal(cost([], []), 0);
  assert.equal(cost(FREE_OPS, FREE_OPS), 0);
  assert.equal(cost([putOp(10), putOp(20)], [putOp(100)]), 2 * 256 + 30);
  assert.equal(cost([putOp(10)], [...FREE_OPS, putOp(100)]), 256 + 100);
  assert.equal(cost([txnOp(FREE_OPS)], [txnOp([], [txnOp([])])]), 0);
  const nested = txnOp([putOp(10)], [txnOp([putOp(50)]), putOp(4)]);
  assert.equal(cost([nested], []), 2 * 256 + 54);
  assert.equal(cost([putOp(600)], [nested, nested]), 4 * 256 + 108);
});
