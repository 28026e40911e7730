import type { AlarmRequest, AlarmResponse, HashKVResponse } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { type Question, question } from "./question.ts";

/**
 * The first key that histories use, put before everything else and never deleted: where no pair is
 * left, the hash that etcd gives depends on how far a compaction is.
 */
export const FIRST_KEY = "0";

/** Everything there is, as of a revision. */
export function everythingAt(revision: number): Question {
  return question(KV_SERVICE.range, { key: FIRST_KEY, rangeEnd: "\x00", revision });
}

/** The hash of all versions up to the revision, or up to the newest if that is 0. */
export function hashAt(revision: number): Question {
  return question(MAINTENANCE_SERVICE.hashKv, { revision }, withoutHashRevision);
}

/** etcd 3.4 does not tell at what revision it hashed. */
function withoutHashRevision({ header, hash, compactRevision }: HashKVResponse): unknown {
  return { header, hash, compactRevision };
}

/** Activates, deactivates or lists alarms. */
export function alarms(fields: Partial<AlarmRequest>): Question {
  return question(MAINTENANCE_SERVICE.alarm, fields, alarmTexts);
}

/** etcd lists them in the order of a Go map. */
export function alarmTexts({ alarms }: AlarmResponse): string[] {
  return alarms.map(({ memberId, alarm }) => `${alarm} of ${memberId}`).sort();
}

/** The ids of all leases. */
export function allLeases(): Question {
  return question(
    LEASE_SERVICE.leaseLeases,
    {},
    ({ leases }) => leases.map(({ id }) => id.toString()).sort(),
  );
}
