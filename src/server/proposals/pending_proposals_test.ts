import assert from "node:assert/strict";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import { PutRequest, RequestOp, TxnRequest } from "../../pb/etcdserverpb.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { TxnOperation } from "../operations/kv.ts";
import { NoOperation } from "../operations/no_operation.ts";
import { PendingProposals } from "./pending_proposals.ts";

Deno.test("PendingProposals leaves room for what has priority", () => {
  const { pendingProposalBytes, pendingPriorityBytes } = SERVER_LIMITS;
  const proposals = new PendingProposals();
  const add = (id: number, sizeBytes: number) =>
    proposals.add(id, new NoOperation(0), sizeBytes, 0);
  proposals.checkRoom(false);
  add(1, pendingProposalBytes);
  assert.throws(() => proposals.checkRoom(false), ETCD_ERRORS.requestTooManyRequests);
  proposals.checkRoom(true);
  add(2, pendingPriorityBytes - pendingProposalBytes);
  assert.throws(() => proposals.checkRoom(true), ETCD_ERRORS.requestTooManyRequests);
  proposals.take(1);
  proposals.checkRoom(true);
  proposals.take(2);
  proposals.checkRoom(false);
});

class FailedOperation extends NoOperation {
  error: EtcdError | undefined;

  override fail(error?: EtcdError): void {
    this.error = error;
  }
}

Deno.test("PendingProposals finds proposals by IDs that wrap around and lie far apart", () => {
  const proposals = new PendingProposals();
  const ids = [2 ** 48 - 2, 2 ** 48 - 1, 0, 1, 1_023, 1_024, 5_000, 5_001];
  const operations = ids.map((id) => new NoOperation(id));
  ids.forEach((id, i) => proposals.add(id, operations[i], 1, i));
  assert.equal(proposals.count, ids.length);
  assert.equal(proposals.take(2), undefined);
  for (const [i, id] of ids.entries()) {
    assert.equal(proposals.take(id), operations[i]);
    assert.equal(proposals.takenSinceMs, i);
    assert.equal(proposals.take(id), undefined);
  }
  assert.equal(proposals.count, 0);
});

Deno.test("PendingProposals gives up on the oldest, and later on all", () => {
  const proposals = new PendingProposals();
  const operations = Array.from({ length: 3_000 }, () => new FailedOperation(0));
  operations.forEach((operation, i) => proposals.add(i, operation, 1, i));
  proposals.take(1);
  const expired = proposals.expire(3);
  assert.deepEqual(expired.map(({ sinceMs }) => sinceMs), [0, 2]);
  assert.equal(operations[0].error, ETCD_ERRORS.timeout);
  assert.equal(operations[1].error, undefined);
  assert.equal(operations[3].error, undefined);
  proposals.failAll(ETCD_ERRORS.stopped);
  assert.equal(operations[2_999].error, ETCD_ERRORS.stopped);
  assert.equal(proposals.count, 0);
  assert.deepEqual(proposals.expire(Infinity), []);
});

Deno.test("PendingProposals tells the source of work when it begins and when it ends", () => {
  const told: string[] = [];
  const source = {
    began: (pieces: number, bytes: number) => told.push(`began ${pieces} ${bytes}`),
    ended: (pieces: number, bytes: number) => told.push(`ended ${pieces} ${bytes}`),
  };
  const proposals = new PendingProposals();
  const ops = Array.from(
    { length: 3 },
    () => RequestOp.create({ requestPut: PutRequest.create({ key: "k" }) }),
  );
  proposals.add(1, new TxnOperation(TxnRequest.create({ success: ops })), 100, 0, source);
  proposals.add(2, new NoOperation(0), 50, 0, source);
  proposals.add(3, new NoOperation(0), 50, 0);
  proposals.take(1);
  proposals.take(3);
  proposals.failAll(ETCD_ERRORS.stopped);
  assert.deepEqual(told, ["began 3 100", "began 1 50", "ended 3 100", "ended 1 50"]);
});
