import type { Alarms } from "../../core/alarms/alarms.ts";
import type { AuthStore } from "../../core/auth/auth_store.ts";
import type { Lease } from "../../core/lease/lease.ts";
import type { Lessor } from "../../core/lease/lessor.ts";
import type { CompatVersion } from "../../core/members/compat_version.ts";
import type { Membership } from "../../core/members/membership.ts";
import { encodeV2Store } from "../../core/members/v2_store_json.ts";
import type { Store } from "../../core/mvcc/store.ts";
import type { ConfState } from "../../pb/raftpb.ts";
import type { CheckpointCut } from "./checkpoint.ts";

/** The state that checkpoints write. */
interface CheckpointedState {
  readonly store: Store;
  readonly lessor: Lessor;
  readonly alarms: Alarms;
  readonly auth: AuthStore;
  readonly membership: Membership;
}

/** How far the log is applied. */
export interface AppliedPosition {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/** Takes cuts of the applied state and knows what of it the cut before had already. */
export class StateCuts {
  readonly #state: CheckpointedState;
  readonly #compatVersion: CompatVersion;
  /** None of them is known to be in the file. */
  #alarmChanges = -1;
  #membershipChanges = -1;

  constructor(state: CheckpointedState, compatVersion: CompatVersion) {
    this.#state = state;
    this.#compatVersion = compatVersion;
  }

  /** To be called between two log entries; from then on the changes count as written. */
  take(position: AppliedPosition, forSnapshot: boolean): CheckpointCut {
    const { store, membership } = this.#state;
    return {
      ...position,
      ...this.#takeLeases(),
      store: store.beginCheckpoint(),
      storageVersion: this.#storageVersion(),
      alarms: this.#takeAlarms(),
      membership: this.#takeMembership(),
      auth: this.#state.auth.takeChanges(),
      snapshotData: forSnapshot ? encodeV2Store(membership, position.index) : undefined,
    };
  }

  #takeLeases(): { leases: Lease[]; goneLeases: bigint[] } {
    const { lessor } = this.#state;
    const leases: Lease[] = [];
    const goneLeases: bigint[] = [];
    for (const id of lessor.takeChanged()) {
      const lease = lessor.get(id);
      if (lease === undefined) goneLeases.push(id);
      else {
        const { ttlSeconds, remainingTtlSeconds } = lease;
        leases.push({ id, ttlSeconds, remainingTtlSeconds });
      }
    }
    return { leases, goneLeases };
  }

  /** The file's form is that of the version that the cluster has agreed on. */
  #storageVersion(): { value: string | undefined } | undefined {
    const { clusterVersion } = this.#state.membership;
    if (clusterVersion === undefined || !this.#compatVersion.runsIn(clusterVersion)) {
      return undefined;
    }
    return { value: this.#compatVersion.storageVersionIn(clusterVersion) };
  }

  #takeAlarms(): CheckpointCut["alarms"] {
    const { alarms } = this.#state;
    if (alarms.changeCount === this.#alarmChanges) return undefined;
    this.#alarmChanges = alarms.changeCount;
    return alarms.list();
  }

  #takeMembership(): CheckpointCut["membership"] {
    const { membership } = this.#state;
    if (membership.changeCount === this.#membershipChanges) return undefined;
    this.#membershipChanges = membership.changeCount;
    return {
      members: membership.list(),
      removedIds: membership.removedIds(),
      clusterVersion: membership.clusterVersion,
      downgrade: membership.saidOfDowngrade,
    };
  }
}
