import { EMPTY_BYTES, textFromBytes } from "../../src/base/bytes.ts";
import { AlarmType } from "../../src/pb/etcdserverpb.ts";
import type { EtcdServer } from "../../src/server/etcd_server.ts";
import type { MemberModel } from "./member_model.ts";

/** As much of a member's state as tells which actions have happened. */
interface MemberOutline {
  readonly revision: number;
  readonly compactedRevision: number;
  /** IDs with their times to live. */
  readonly leases: string;
  readonly hasAlarm: boolean;
  readonly authRevision: number;
  /** Names. */
  readonly roles: string;
  /** Names with the hashes of their passwords and their roles. */
  readonly users: string;
}

export function outlineOf({ store, lessor, alarms, auth }: EtcdServer): MemberOutline {
  return {
    revision: store.currentRevision,
    compactedRevision: store.compactedRevision,
    leases: leasesText([...lessor.all()].map(({ id, ttlSeconds }) => [id, ttlSeconds])),
    hasAlarm: alarms.hasType(AlarmType.NOSPACE),
    authRevision: auth.revision,
    roles: auth.store.roleNames().join(),
    users: usersText(
      auth.store.userNames().map((name) => {
        const { passwordHash = EMPTY_BYTES, roles = [] } = auth.store.user(name) ?? {};
        return [name, textFromBytes(passwordHash), roles];
      }),
    ),
  };
}

export function outlineOfModel(model: MemberModel): MemberOutline {
  const { store, leaseTtls, hasAlarm, authRevision, roles, users } = model;
  return {
    revision: store.current,
    compactedRevision: store.compacted,
    leases: leasesText([...leaseTtls]),
    hasAlarm,
    authRevision,
    roles: [...roles].sort().join(),
    users: usersText(
      [...users].map(([name, { passwordHash, roles }]) => [name, passwordHash, [...roles]]),
    ),
  };
}

/** Undefined if there is none. */
export function describeDifference(
  found: MemberOutline,
  expected: MemberOutline,
): string | undefined {
  const differences: string[] = [];
  const fields = [
    "revision",
    "compactedRevision",
    "leases",
    "hasAlarm",
    "authRevision",
    "roles",
    "users",
  ] as const;
  for (const field of fields) {
    if (found[field] === expected[field]) continue;
    differences.push(`${field} is ${found[field]}, acknowledged was ${expected[field]}`);
  }
  return differences.length === 0 ? undefined : differences.join("; ");
}

function leasesText(leases: [bigint, number][]): string {
  return leases.map(([id, ttlSeconds]) => `${id}: ${ttlSeconds} s`).sort().join(", ");
}

function usersText(
  users: (readonly [name: string, passwordHash: string, roles: readonly string[]])[],
): string {
  return users.map(([name, hash, roles]) => `${name}: ${hash} ${[...roles].sort()}`).sort().join();
}
