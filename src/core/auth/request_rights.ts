import type {
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import type { AuthStore } from "./auth_store.ts";
import type { Requester } from "./requester.ts";
import type { UserRights } from "./user_rights.ts";

/** Knows which keys are on a lease. */
interface LeasedKeys {
  /** In no special order; none if there is no such lease. */
  attachedKeys(id: bigint): Iterable<string>;
}

/** Throws if the requester may not do this. */
export function checkPutRights(
  auth: AuthStore,
  requester: Requester,
  request: PutRequest,
  leases: LeasedKeys,
): void {
  const rights = auth.rightsOf(requester);
  if (rights !== undefined) checkPut(rights, request, leases);
}

/** Throws if the requester may not do this. */
export function checkDeleteRangeRights(
  auth: AuthStore,
  requester: Requester,
  request: DeleteRangeRequest,
): void {
  const rights = auth.rightsOf(requester);
  if (rights !== undefined) checkDeleteRange(rights, request);
}

/** Throws if the requester may not do all that is in a transaction, whichever way it goes. */
export function checkTxnRights(
  auth: AuthStore,
  requester: Requester,
  request: TxnRequest,
  leases: LeasedKeys,
): void {
  // As in etcd, an empty transaction is everybody's.
  if (isEmpty(request)) return;
  const rights = auth.rightsOf(requester);
  if (rights !== undefined) checkTxn(rights, request, leases);
}

/** Throws if the requester may not write all keys on a lease, which end with it. */
export function checkLeaseWriteRights(
  auth: AuthStore,
  requester: Requester,
  leaseId: bigint,
  leases: LeasedKeys,
): void {
  if (auth.isRoot(requester)) return;
  for (const key of leases.attachedKeys(leaseId)) auth.checkWrite(requester, key, "");
}

/** Throws if the requester may not read all keys on a lease. */
export function checkLeaseReadRights(
  auth: AuthStore,
  requester: Requester,
  leaseId: bigint,
  leases: LeasedKeys,
): void {
  if (auth.isRoot(requester)) return;
  for (const key of leases.attachedKeys(leaseId)) auth.checkRead(requester, key, "");
}

function checkPut(rights: UserRights, request: PutRequest, leases: LeasedKeys): void {
  requireWritable(rights, request.key, "");
  // Whoever puts a key on a lease could end the others on it by letting the lease run out.
  if (request.lease !== 0n) {
    for (const key of leases.attachedKeys(request.lease)) requireWritable(rights, key, "");
  }
  if (request.prevKv) requireReadable(rights, request.key, "");
}

function checkDeleteRange(rights: UserRights, request: DeleteRangeRequest): void {
  const { key, rangeEnd, prevKv } = request;
  requireWritable(rights, key, rangeEnd);
  if (prevKv) requireReadable(rights, key, rangeEnd);
}

function checkTxn(rights: UserRights, request: TxnRequest, leases: LeasedKeys): void {
  for (const { key, rangeEnd } of request.compare) requireReadable(rights, key, rangeEnd);
  for (const op of request.success) checkOp(rights, op, leases);
  for (const op of request.failure) checkOp(rights, op, leases);
}

function checkOp(rights: UserRights, op: RequestOp, leases: LeasedKeys): void {
  const { requestRange, requestPut, requestDeleteRange, requestTxn } = op;
  if (requestRange !== undefined) {
    requireReadable(rights, requestRange.key, requestRange.rangeEnd);
  } else if (requestPut !== undefined) checkPut(rights, requestPut, leases);
  else if (requestDeleteRange !== undefined) checkDeleteRange(rights, requestDeleteRange);
  else if (requestTxn !== undefined) checkTxn(rights, requestTxn, leases);
}

/** Whether nothing in it looks at a key. */
function isEmpty({ compare, success, failure }: TxnRequest): boolean {
  if (compare.length > 0) return false;
  const hasKey = ({ requestTxn }: RequestOp) => requestTxn === undefined || !isEmpty(requestTxn);
  return !success.some(hasKey) && !failure.some(hasKey);
}

function requireReadable(rights: UserRights, key: string, rangeEnd: string): void {
  if (!rights.mayRead(key, rangeEnd)) throw ETCD_ERRORS.permissionDenied;
}

function requireWritable(rights: UserRights, key: string, rangeEnd: string): void {
  if (!rights.mayWrite(key, rangeEnd)) throw ETCD_ERRORS.permissionDenied;
}
