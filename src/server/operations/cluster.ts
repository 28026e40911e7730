import type {
  ClusterMemberAttrSetRequest,
  ClusterVersionSetRequest,
} from "../../pb/membershippb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { WaitedOperation, type Waiter } from "./operation.ts";

/** A member tells its name and its client URLs. */
export class ClusterMemberAttrSetOperation extends WaitedOperation<void> {
  readonly field = OperationField.CLUSTER_MEMBER_ATTR_SET;
  readonly #request: ClusterMemberAttrSetRequest;

  constructor(request: ClusterMemberAttrSetRequest, waiter?: Waiter<void>) {
    super(waiter);
    this.#request = request;
  }

  protected perform(state: AppliedState): void {
    const { memberId, memberAttributes } = this.#request;
    state.membership.updateAttributes(
      memberId,
      memberAttributes?.name ?? "",
      memberAttributes?.clientUrls ?? [],
    );
  }
}

/** The version that the whole cluster now speaks. */
export class ClusterVersionSetOperation extends WaitedOperation<void> {
  readonly field = OperationField.CLUSTER_VERSION_SET;
  readonly #request: ClusterVersionSetRequest;

  constructor(request: ClusterVersionSetRequest, waiter?: Waiter<void>) {
    super(waiter);
    this.#request = request;
  }

  protected perform(state: AppliedState): void {
    state.membership.setClusterVersion(this.#request.ver);
  }
}
