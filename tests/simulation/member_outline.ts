import { AlarmType } from "../../src/pb/etcdserverpb.ts";
import type { EtcdServer } from "../../src/server/etcd_server.ts";
import type { MemberModel } from "./member_model.ts";

/** As much of a member's state as tells which actions have happened. */
export interface MemberOutline {
  readonly revision: number;
  readonly compactedRevision: number;
  /** IDs with their times to live. */
  readonly leases: string;
  readonly hasAlarm: boolean;
}

export function outlineOf({ store, lessor, alarms }: EtcdServer): MemberOutline {
  return {
    revision: store.currentRevision,
    compactedRevision: store.compactedRevision,
    leases: leasesText([...lessor.all()].map(({ id, ttlSeconds }) => [id, ttlSeconds])),
    hasAlarm: alarms.hasType(AlarmType.NOSPACE),
  };
}

export function outlineOfModel({ store, leaseTtls, hasAlarm }: MemberModel): MemberOutline {
  return {
    revision: store.current,
    compactedRevision: store.compacted,
    leases: leasesText([...leaseTtls]),
    hasAlarm,
  };
}

/** Undefined if there is none. */
export function describeDifference(
  found: MemberOutline,
  expected: MemberOutline,
): string | undefined {
  const differences: string[] = [];
  for (const field of ["revision", "compactedRevision", "leases", "hasAlarm"] as const) {
    if (found[field] === expected[field]) continue;
    differences.push(`${field} is ${found[field]}, acknowledged was ${expected[field]}`);
  }
  return differences.length === 0 ? undefined : differences.join("; ");
}

function leasesText(leases: [bigint, number][]): string {
  return leases.map(([id, ttlSeconds]) => `${id}: ${ttlSeconds} s`).sort().join(", ");
}
