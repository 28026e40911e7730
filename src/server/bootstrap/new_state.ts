import { Alarms } from "../../core/alarms/alarms.ts";
import { AuthStore } from "../../core/auth/auth_store.ts";
import { Lessor } from "../../core/lease/lessor.ts";
import { Membership } from "../../core/members/membership.ts";
import { Store } from "../../core/mvcc/store.ts";
import type { BackendFiles } from "../backend/backend_files.ts";
import { SERVER_LIMITS } from "../limits.ts";
import {
  minLeaseTtlSeconds,
  persistsLeaseCheckpoints,
  type ServerConfig,
} from "../server_config.ts";
import type { MemberState } from "./opened_member.ts";

/** The state of a member that has applied nothing yet. */
export function newState(
  config: ServerConfig,
  clusterId: bigint,
  files: BackendFiles,
): MemberState {
  const lessor = new Lessor({
    minTtlSeconds: minLeaseTtlSeconds(config),
    checkpointIntervalMs: config.leases.checkpoint ? SERVER_LIMITS.leaseCheckpointIntervalMs : 0,
    storeCheckpoints: persistsLeaseCheckpoints(config),
  });
  const store = new Store(lessor, {
    valueCacheBytes: config.disk === undefined ? Infinity : config.backend.valueCacheBytes,
    stored: files.pairs,
    hashCompactions: config.corruptionChecks.compactHashIntervalMs > 0,
  });
  return {
    store,
    lessor,
    membership: new Membership(clusterId),
    alarms: new Alarms(),
    auth: new AuthStore(),
    compaction: undefined,
  };
}
