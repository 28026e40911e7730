import {
  checkDeleteRangeRights,
  checkPutRights,
  checkTxnRights,
} from "../../core/auth/request_rights.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import type { DeleteRangeResult, PutResult, TxnResult } from "../../core/mvcc/store.ts";
import { putCostBytes, txnCostBytes } from "../../core/quota/request_cost.ts";
import type {
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { RequestOperation } from "./operation.ts";

/** One that exceeds the quota is performed all the same, for the quota is each member's own. */
export class PutOperation extends RequestOperation<PutRequest, PutResult> {
  readonly field = OperationField.PUT;
  protected perform(state: AppliedState): PutResult {
    const { alarms, auth, lessor, quota, store } = state;
    if (alarms.putRefusal !== undefined) throw alarms.putRefusal;
    checkPutRights(auth, this.requester, this.request, lessor);
    const fits = quota.fits(putCostBytes(this.request));
    const result = store.put(this.request);
    if (!fits) throw ETCD_ERRORS.noSpace;
    return result;
  }
}

export class DeleteRangeOperation extends RequestOperation<DeleteRangeRequest, DeleteRangeResult> {
  readonly field = OperationField.DELETE_RANGE;
  protected perform(state: AppliedState): DeleteRangeResult {
    if (state.alarms.changeRefusal !== undefined) throw state.alarms.changeRefusal;
    checkDeleteRangeRights(state.auth, this.requester, this.request);
    return state.store.deleteRange(this.request);
  }
}

export class TxnOperation extends RequestOperation<TxnRequest, TxnResult> {
  readonly field = OperationField.TXN;

  override get pieceCount(): number {
    return Math.max(1, opCount(this.request));
  }

  protected perform(state: AppliedState): TxnResult {
    const { alarms, auth, lessor, quota, store } = state;
    const costBytes = txnCostBytes(this.request);
    const refusal = costBytes === 0 ? alarms.changeRefusal : alarms.putRefusal;
    if (refusal !== undefined) throw refusal;
    checkTxnRights(auth, this.requester, this.request, lessor);
    const fits = quota.fits(costBytes);
    const result = store.txn(this.request);
    if (!fits) throw ETCD_ERRORS.noSpace;
    return result;
  }
}

/** Its result is a promise of the end of the physical removal. */
export class CompactionOperation extends RequestOperation<CompactionRequest, Promise<void>> {
  readonly field = OperationField.COMPACTION;
  protected perform(state: AppliedState): Promise<void> {
    if (state.alarms.changeRefusal !== undefined) throw state.alarms.changeRefusal;
    // Watchers get what the compaction is about to take away.
    state.hub.notify();
    return state.compactions.run(state.store.compact(this.request.revision));
  }
}

/** The operations of the longer branch, those of nested transactions among them. */
function opCount({ success, failure }: TxnRequest): number {
  return Math.max(branchOpCount(success), branchOpCount(failure));
}

function branchOpCount(ops: readonly RequestOp[]): number {
  let count = ops.length;
  for (const { requestTxn } of ops) if (requestTxn !== undefined) count += opCount(requestTxn);
  return count;
}
