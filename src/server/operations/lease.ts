import { checkLeaseWriteRights } from "../../core/auth/request_rights.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { LEASE_COST_BYTES } from "../../core/quota/request_cost.ts";
import type {
  LeaseCheckpointRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
} from "../../pb/etcdserverpb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { RequestOperation } from "./operation.ts";

/** The ID and the granted time to live of a new lease. */
export interface LeaseGrantResult {
  readonly id: bigint;
  readonly ttlSeconds: number;
}

export class LeaseGrantOperation extends RequestOperation<LeaseGrantRequest, LeaseGrantResult> {
  readonly field = OperationField.LEASE_GRANT;
  protected perform(state: AppliedState): LeaseGrantResult {
    const { alarms, quota } = state;
    if (alarms.putRefusal !== undefined) throw alarms.putRefusal;
    const fits = quota.fits(LEASE_COST_BYTES);
    const lease = state.lessor.grant(
      this.request.id,
      this.request.ttl,
      state.clock.monotonicMs(),
    );
    state.counts.leasesGranted++;
    state.counts.grantedTtls.add(lease.ttlSeconds);
    if (!fits) throw ETCD_ERRORS.noSpace;
    return { id: this.request.id, ttlSeconds: lease.ttlSeconds };
  }
}

export class LeaseRevokeOperation extends RequestOperation<LeaseRevokeRequest, void> {
  readonly field = OperationField.LEASE_REVOKE;
  protected perform(state: AppliedState): void {
    if (state.alarms.changeRefusal !== undefined) throw state.alarms.changeRefusal;
    checkLeaseWriteRights(state.auth, this.requester, this.request.id, state.lessor);
    const keys = state.lessor.revoke(this.request.id);
    state.store.deleteKeys(keys);
    state.counts.leasesRevoked++;
  }
}

/** A leader tells how much is left of leases that run for long. */
export class LeaseCheckpointOperation extends RequestOperation<LeaseCheckpointRequest, void> {
  readonly field = OperationField.LEASE_CHECKPOINT;
  protected perform({ clock, lessor }: AppliedState): void {
    for (const { id, remainingTtl } of this.request.checkpoints) {
      // As in etcd a lease that is gone ends the request, and the rest of it is not applied.
      if (!lessor.has(id)) throw ETCD_ERRORS.leaseNotFound;
      lessor.checkpoint(id, remainingTtl, clock.monotonicMs());
    }
  }
}
