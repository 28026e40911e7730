import type { DeleteRangeResult, PutResult, TxnResult } from "../../core/mvcc/store.ts";
import type {
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { WaitedOperation, type Waiter } from "./operation.ts";

export class PutOperation extends WaitedOperation<PutResult> {
  readonly field = OperationField.PUT;
  readonly #request: PutRequest;

  constructor(request: PutRequest, waiter?: Waiter<PutResult>) {
    super(waiter);
    this.#request = request;
  }

  protected perform(state: AppliedState): PutResult {
    return state.store.put(this.#request);
  }
}

export class DeleteRangeOperation extends WaitedOperation<DeleteRangeResult> {
  readonly field = OperationField.DELETE_RANGE;
  readonly #request: DeleteRangeRequest;

  constructor(request: DeleteRangeRequest, waiter?: Waiter<DeleteRangeResult>) {
    super(waiter);
    this.#request = request;
  }

  protected perform(state: AppliedState): DeleteRangeResult {
    return state.store.deleteRange(this.#request);
  }
}

export class TxnOperation extends WaitedOperation<TxnResult> {
  readonly field = OperationField.TXN;
  readonly #request: TxnRequest;

  constructor(request: TxnRequest, waiter?: Waiter<TxnResult>) {
    super(waiter);
    this.#request = request;
  }

  protected perform(state: AppliedState): TxnResult {
    return state.store.txn(this.#request);
  }
}

/** Its result is a promise of the end of the physical removal. */
export class CompactionOperation extends WaitedOperation<Promise<void>> {
  readonly field = OperationField.COMPACTION;
  readonly #request: CompactionRequest;

  constructor(request: CompactionRequest, waiter?: Waiter<Promise<void>>) {
    super(waiter);
    this.#request = request;
  }

  protected perform(state: AppliedState): Promise<void> {
    // Watchers get what the compaction is about to take away.
    state.hub.notify();
    return state.compactions.run(state.store.compact(this.#request.revision));
  }
}
