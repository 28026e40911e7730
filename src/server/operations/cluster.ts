import { EtcdError } from "../../core/errors.ts";
import type { Membership } from "../../core/members/membership.ts";
import type {
  ClusterMemberAttrSetRequest,
  ClusterVersionSetRequest,
} from "../../pb/membershippb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { WaitedOperation, type Waiter } from "./operation.ts";

/** An operation that changes nothing but what is known of the members and of the cluster. */
export abstract class MembershipOperation extends WaitedOperation<void> {
  /** Throws an EtcdError when it is refused. */
  protected abstract change(membership: Membership): void;

  protected perform(state: AppliedState): void {
    this.change(state.membership);
  }

  /** Repeats the operation on a membership that is restored from the log; nobody waits for it. */
  applyTo(membership: Membership): void {
    try {
      this.change(membership);
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
    }
  }
}

/** A member tells its name and its client URLs. */
export class ClusterMemberAttrSetOperation extends MembershipOperation {
  readonly field = OperationField.CLUSTER_MEMBER_ATTR_SET;
  readonly #request: ClusterMemberAttrSetRequest;

  constructor(request: ClusterMemberAttrSetRequest, waiter?: Waiter<void>) {
    super(waiter);
    this.#request = request;
  }

  protected change(membership: Membership): void {
    const { memberId, memberAttributes } = this.#request;
    const { name = "", clientUrls = [] } = memberAttributes ?? {};
    membership.updateAttributes(memberId, name, clientUrls);
  }
}

/** The version that the whole cluster now speaks. */
export class ClusterVersionSetOperation extends MembershipOperation {
  readonly field = OperationField.CLUSTER_VERSION_SET;
  readonly #request: ClusterVersionSetRequest;

  constructor(request: ClusterVersionSetRequest, waiter?: Waiter<void>) {
    super(waiter);
    this.#request = request;
  }

  protected change(membership: Membership): void {
    membership.setClusterVersion(this.#request.ver);
  }
}
