import { EtcdError } from "../../core/errors.ts";
import { minorOf } from "../../core/members/compat_version.ts";
import { NO_DOWNGRADE } from "../../core/members/downgrade.ts";
import type { Membership } from "../../core/members/membership.ts";
import type {
  ClusterMemberAttrSetRequest,
  ClusterVersionSetRequest,
  DowngradeInfoSetRequest,
} from "../../pb/membershippb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { RequestOperation } from "./operation.ts";

/** An operation that changes nothing but what is known of the members and of the cluster. */
export abstract class MembershipOperation<Request> extends RequestOperation<Request, void> {
  /** Throws an EtcdError when it is refused. */
  protected abstract change(membership: Membership): void;

  protected perform({ membership, versionLowered }: AppliedState): void {
    const before = membership.clusterVersion;
    this.change(membership);
    const { clusterVersion } = membership;
    if (before !== undefined && clusterVersion !== undefined && isLower(clusterVersion, before)) {
      versionLowered();
    }
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
export class ClusterMemberAttrSetOperation
  extends MembershipOperation<ClusterMemberAttrSetRequest> {
  readonly field = OperationField.CLUSTER_MEMBER_ATTR_SET;
  protected change(membership: Membership): void {
    const { memberId, memberAttributes } = this.request;
    const { name = "", clientUrls = [] } = memberAttributes ?? {};
    membership.updateAttributes(memberId, name, clientUrls);
  }
}

/** The version that the whole cluster now speaks. */
export class ClusterVersionSetOperation extends MembershipOperation<ClusterVersionSetRequest> {
  readonly field = OperationField.CLUSTER_VERSION_SET;
  protected change(membership: Membership): void {
    membership.setClusterVersion(this.request.ver);
  }
}

/** The cluster sets out for an older version, or stays. */
export class DowngradeInfoSetOperation extends MembershipOperation<DowngradeInfoSetRequest> {
  readonly field = OperationField.DOWNGRADE_INFO_SET;
  protected change(membership: Membership): void {
    const { enabled, ver } = this.request;
    membership.setDowngrade(enabled ? { enabled, targetVersion: ver } : NO_DOWNGRADE);
  }
}

function isLower(version: string, than: string): boolean {
  return (minorOf(version) ?? 0) < (minorOf(than) ?? 0);
}
