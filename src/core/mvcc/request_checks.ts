import {
  type DeleteRangeRequest,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
  type TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { checkDuplicateKeys } from "./duplicate_keys.ts";

/** Throws if the request is wrong whatever the store holds. */
export function checkRange(request: RangeRequest): void {
  if (request.key === "") throw ETCD_ERRORS.emptyKey;
  // Both enums number their values from zero to the last that they name.
  if (!isWithin(request.sortOrder, SortOrder.DESCEND)) throw ETCD_ERRORS.invalidSortOption;
  if (!isWithin(request.sortTarget, SortTarget.VALUE)) throw ETCD_ERRORS.invalidSortOption;
}

/** Throws if the request is wrong whatever the store holds. */
export function checkPut(request: PutRequest): void {
  if (request.key === "") throw ETCD_ERRORS.emptyKey;
  if (request.ignoreValue && request.value.length !== 0) throw ETCD_ERRORS.valueProvided;
  if (request.ignoreLease && request.lease !== 0n) throw ETCD_ERRORS.leaseProvided;
}

/** Throws if the request is wrong whatever the store holds. */
export function checkDeleteRange(request: DeleteRangeRequest): void {
  if (request.key === "") throw ETCD_ERRORS.emptyKey;
}

/**
 * Throws if the request is wrong whatever the store holds. Nested transactions share the budget
 * of operations: what one level has, those below it may not have again.
 */
export function checkTxn(request: TxnRequest, maxTxnOps: number): void {
  checkOps(request, maxTxnOps);
  checkDuplicateKeys(request);
}

/** Whether the transaction only reads, so that it need not go through the log. */
export function isReadOnlyTxn(request: TxnRequest): boolean {
  return [...request.success, ...request.failure].every((op) => op.requestRange !== undefined);
}

/** Whether the transaction is content with a local read; an empty one is. */
export function isSerializableTxn(request: TxnRequest): boolean {
  return [...request.success, ...request.failure].every((op) =>
    op.requestRange !== undefined && op.requestRange.serializable
  );
}

function checkOps(request: TxnRequest, maxTxnOps: number): void {
  const { compare, success, failure } = request;
  const opCount = Math.max(compare.length, success.length, failure.length);
  if (opCount > maxTxnOps) throw ETCD_ERRORS.tooManyOps;
  for (const { key } of compare) if (key === "") throw ETCD_ERRORS.emptyKey;
  for (const op of success) checkOp(op, maxTxnOps - opCount);
  for (const op of failure) checkOp(op, maxTxnOps - opCount);
}

function checkOp(op: RequestOp, maxTxnOps: number): void {
  if (op.requestRange !== undefined) checkRange(op.requestRange);
  else if (op.requestPut !== undefined) checkPut(op.requestPut);
  else if (op.requestDeleteRange !== undefined) checkDeleteRange(op.requestDeleteRange);
  else if (op.requestTxn !== undefined) checkOps(op.requestTxn, maxTxnOps);
  else throw ETCD_ERRORS.keyNotFound;
}

function isWithin(value: number, highest: number): boolean {
  return value >= 0 && value <= highest;
}
