import type { PutRequest, RequestOp, TxnRequest } from "../../pb/etcdserverpb.ts";

/** What etcd reckons for a pair besides its key and its value. */
const PAIR_OVERHEAD_BYTES = 256;

/** What etcd reckons for a lease. */
export const LEASE_COST_BYTES = 64;

/** The space that a put is reckoned to take. */
export function putCostBytes({ key, value }: PutRequest): number {
  return PAIR_OVERHEAD_BYTES + key.length + value.length;
}

/** The space that a transaction is reckoned to take: that of its dearer branch. */
export function txnCostBytes({ success, failure }: TxnRequest): number {
  return Math.max(branchCostBytes(success), branchCostBytes(failure));
}

function branchCostBytes(ops: readonly RequestOp[]): number {
  let costBytes = 0;
  for (const { requestPut, requestTxn } of ops) {
    if (requestPut !== undefined) costBytes += putCostBytes(requestPut);
    else if (requestTxn !== undefined) costBytes += txnCostBytes(requestTxn);
  }
  return costBytes;
}
