import { ETCD_ERRORS } from "../../core/errors.ts";
import type { Lessor } from "../../core/lease/lessor.ts";
import type { ServerCounts } from "../counts/server_counts.ts";
import type { ServerConfig } from "../server_config.ts";
import type { CheckpointProposer } from "./lease_checkpointer.ts";

/** The member that renews leases. */
interface RenewingMember {
  readonly config: ServerConfig;
  readonly lessor: Lessor;
  readonly counts: ServerCounts;
  readonly ownRequests: CheckpointProposer;
}

/**
 * Renews a lease in memory and returns its time to live in seconds: 0 if it has run out,
 * undefined if there is none. Throws noLeader while this member does not lead.
 */
export function renewLease(member: RenewingMember, id: bigint): number | undefined {
  const { config: { clock }, lessor, counts, ownRequests } = member;
  if (!lessor.primary) throw ETCD_ERRORS.noLeader;
  counts.leases.leasesRenewed++;
  const ttlSeconds = lessor.renew(id, clock.monotonicMs());
  if (ttlSeconds === undefined || ttlSeconds === 0) return ttlSeconds;
  const lease = lessor.get(id);
  if (lease !== undefined && lease.remainingTtlSeconds > 0) {
    // What was left of it at some time must not end it early now that it was renewed.
    ownRequests.checkpointLeases([{ id, remainingTtlSeconds: 0 }], () => {});
  }
  return ttlSeconds;
}
