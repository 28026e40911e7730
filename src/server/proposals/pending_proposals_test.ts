import assert from "node:assert/strict";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { SERVER_LIMITS } from "../limits.ts";
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
