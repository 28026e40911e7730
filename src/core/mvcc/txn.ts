import type { PutRequest, RequestOp, TxnRequest } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { allHold } from "./compare.ts";
import type { Keyspace } from "./keyspace.ts";
import { type RangeResult, readRange } from "./range.ts";
import type { StoreCounters } from "./store_counters.ts";
import {
  checkKept,
  checkLease,
  deletePairs,
  type DeleteRangeResult,
  putPair,
  type PutResult,
} from "./writes.ts";

/** What a transaction is answered with, besides the header. */
export interface TxnResult {
  readonly succeeded: boolean;
  readonly responses: OpResult[];
}

/** The answer to one operation; `revision` is what its own header tells, 0 for nothing. */
export type OpResult =
  | ({ readonly kind: "range"; readonly revision: number } & RangeResult)
  | ({ readonly kind: "put"; readonly revision: number } & PutResult)
  | ({ readonly kind: "deleteRange"; readonly revision: number } & DeleteRangeResult)
  | ({ readonly kind: "txn"; readonly revision: number } & TxnResult);

/**
 * A transaction whose branches are chosen: all conditions, those of nested transactions too, are
 * judged before the first operation runs, so what a branch writes does not change the choices.
 */
interface ChosenTxn {
  readonly succeeded: boolean;
  readonly ops: readonly RequestOp[];
  /** The nested transactions among `ops`, in order. */
  readonly nested: ChosenTxn[];
}

/**
 * Runs a transaction on the open revision. Everything that can be refused is refused before the
 * first write.
 */
export function runTxn(
  keyspace: Keyspace,
  request: TxnRequest,
  counters: StoreCounters,
): TxnResult {
  const txn = chooseBranches(keyspace, request);
  checkPuts(keyspace, txn);
  checkRanges(keyspace, txn);
  if (txn.ops.length > 1) counters.txns++;
  return execute(keyspace, txn, counters);
}

function chooseBranches(keyspace: Keyspace, request: TxnRequest): ChosenTxn {
  const succeeded = allHold(keyspace, request.compare);
  const ops = succeeded ? request.success : request.failure;
  const nested: ChosenTxn[] = [];
  for (const op of ops) {
    if (op.requestTxn !== undefined) nested.push(chooseBranches(keyspace, op.requestTxn));
  }
  return { succeeded, ops, nested };
}

function checkPuts(keyspace: Keyspace, txn: ChosenTxn): void {
  let nested = 0;
  for (const op of txn.ops) {
    if (op.requestPut !== undefined) checkPut(keyspace, op.requestPut);
    else if (op.requestTxn !== undefined) checkPuts(keyspace, txn.nested[nested++]);
    else if (op.requestRange === undefined && op.requestDeleteRange === undefined) {
      throw ETCD_ERRORS.keyNotFound;
    }
  }
}

/** Of two reasons to refuse, this is the order in a transaction; a put of its own has the other. */
function checkPut(keyspace: Keyspace, request: PutRequest): void {
  checkKept(keyspace, request);
  checkLease(keyspace, request);
}

function checkRanges(keyspace: Keyspace, txn: ChosenTxn): void {
  let nested = 0;
  for (const op of txn.ops) {
    if (op.requestRange !== undefined) checkRevision(keyspace, op.requestRange.revision);
    else if (op.requestTxn !== undefined) checkRanges(keyspace, txn.nested[nested++]);
  }
}

/** Unlike a range of its own, one in a transaction may not ask for a negative revision. */
function checkRevision(keyspace: Keyspace, revision: number): void {
  if (revision === 0) return;
  if (revision > keyspace.currentRevision) throw ETCD_ERRORS.futureRev;
  if (revision < keyspace.compactedRevision) throw ETCD_ERRORS.compacted;
}

function execute(keyspace: Keyspace, txn: ChosenTxn, counters: StoreCounters): TxnResult {
  const responses: OpResult[] = [];
  let nested = 0;
  for (const op of txn.ops) {
    if (op.requestTxn !== undefined) {
      const result = execute(keyspace, txn.nested[nested++], counters);
      responses.push({ kind: "txn", revision: 0, ...result });
    } else {
      responses.push(executeOp(keyspace, op, counters));
    }
  }
  return { succeeded: txn.succeeded, responses };
}

function executeOp(keyspace: Keyspace, op: RequestOp, counters: StoreCounters): OpResult {
  if (op.requestPut !== undefined) {
    counters.puts++;
    const { prevKv } = putPair(keyspace, op.requestPut);
    return { kind: "put", revision: keyspace.readRevision, prevKv };
  }
  if (op.requestDeleteRange !== undefined) {
    counters.deletes++;
    const { deleted, prevKvs } = deletePairs(keyspace, op.requestDeleteRange);
    return { kind: "deleteRange", revision: keyspace.readRevision, deleted, prevKvs };
  }
  if (op.requestRange === undefined) throw ETCD_ERRORS.keyNotFound;
  counters.ranges++;
  const { kvs, count, more } = readRange(keyspace, op.requestRange);
  return { kind: "range", revision: keyspace.readRevision, kvs, count, more };
}
