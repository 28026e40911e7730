import { bytesFromLatin1 } from "../../src/base/bytes.ts";
import type { Prng } from "../../src/base/prng.ts";
import {
  AlarmAction,
  AlarmRequest,
  AlarmType,
  AuthRoleAddRequest,
  AuthRoleDeleteRequest,
  AuthUserAddRequest,
  AuthUserDeleteRequest,
  AuthUserGrantRoleRequest,
  CompactionRequest,
  DeleteRangeRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  TxnRequest,
} from "../../src/pb/etcdserverpb.ts";
import {
  randomDeleteRange,
  randomPut,
  randomTxn,
  type RequestWorld,
} from "../mvcc/random_requests.ts";

/** What a client asks of a member that goes through the log. */
export type Action =
  | { readonly kind: "put"; readonly request: PutRequest }
  | { readonly kind: "delete"; readonly request: DeleteRangeRequest }
  | { readonly kind: "txn"; readonly request: TxnRequest }
  | { readonly kind: "grant"; readonly request: LeaseGrantRequest }
  | { readonly kind: "revoke"; readonly request: LeaseRevokeRequest }
  | { readonly kind: "compact"; readonly request: CompactionRequest }
  | { readonly kind: "alarm"; readonly request: AlarmRequest }
  | { readonly kind: "addRole"; readonly request: AuthRoleAddRequest }
  | { readonly kind: "deleteRole"; readonly request: AuthRoleDeleteRequest }
  | { readonly kind: "addUser"; readonly request: AuthUserAddRequest }
  | { readonly kind: "deleteUser"; readonly request: AuthUserDeleteRequest }
  | { readonly kind: "grantRole"; readonly request: AuthUserGrantRoleRequest };

/** Few, so that roles come and go again under the same name. */
const ROLE_NAMES: readonly string[] = ["a", "b"];

/** One with the name of a role, which must not be mixed up. */
const USER_NAMES: readonly string[] = ["a", "u"];

/** Few, so that leases are granted and revoked again under the same ID. */
export const LEASE_IDS: readonly bigint[] = [1n, 77n, 0x7fff_ffff_ffff_ffffn, -5n];

/** Long enough that no lease expires by itself. */
const TTL_SECONDS = 1_000_000;

/** Some with zeros and some that are like the start of others. */
export const KEYS: readonly string[] = [
  "\0",
  "a",
  "a\0",
  "a\0b",
  "ab",
  "b",
  "\xff",
  "x".repeat(70),
  "x".repeat(300),
  ...Array.from({ length: 12 }, (_, i) => `/registry/pods/pod-${i}`),
];

/** Larger than any page, and than a segment of the log. */
const LARGE_VALUE_BYTES = 20_000;

/** An action that makes sense in the given world. */
export function randomAction(prng: Prng, world: RequestWorld): Action {
  const choice = prng.fraction();
  if (choice < 0.47) return randomPutAction(prng, world);
  if (choice < 0.59) return { kind: "delete", request: randomDeletion(prng, world) };
  if (choice < 0.74) return { kind: "txn", request: randomTxn(prng, world, 1) };
  if (choice < 0.83) return grantOf(prng.pick(LEASE_IDS));
  if (choice < 0.87) return revocationOf(prng.pick(LEASE_IDS));
  if (choice < 0.9) return randomCompaction(prng, world);
  if (choice < 0.985) return prng.chance(0.5) ? randomRoleChange(prng) : randomUserChange(prng);
  return alarmOf(prng.chance(0.4));
}

export function putOf(key: string, value: string, lease = 0n): Action {
  return { kind: "put", request: PutRequest.create({ key, value: bytesFromLatin1(value), lease }) };
}

export function deletionOf(key: string, rangeEnd = ""): Action {
  return { kind: "delete", request: DeleteRangeRequest.create({ key, rangeEnd }) };
}

export function grantOf(id: bigint): Action {
  return { kind: "grant", request: LeaseGrantRequest.create({ id, ttl: TTL_SECONDS }) };
}

export function revocationOf(id: bigint): Action {
  return { kind: "revoke", request: LeaseRevokeRequest.create({ id }) };
}

export function compactionOf(revision: number): Action {
  return { kind: "compact", request: CompactionRequest.create({ revision }) };
}

/** Raises the alarm of another member, or puts it out. */
function alarmOf(isRaised: boolean): Action {
  const action = isRaised ? AlarmAction.ACTIVATE : AlarmAction.DEACTIVATE;
  const request = AlarmRequest.create({ action, memberId: 7n, alarm: AlarmType.NOSPACE });
  return { kind: "alarm", request };
}

export function addRoleOf(name: string): Action {
  return { kind: "addRole", request: AuthRoleAddRequest.create({ name }) };
}

export function deleteRoleOf(role: string): Action {
  return { kind: "deleteRole", request: AuthRoleDeleteRequest.create({ role }) };
}

function randomRoleChange(prng: Prng): Action {
  const name = prng.pick(ROLE_NAMES);
  return prng.chance(0.7) ? addRoleOf(name) : deleteRoleOf(name);
}

function randomUserChange(prng: Prng): Action {
  const name = prng.pick(USER_NAMES);
  if (prng.chance(0.1)) {
    return { kind: "deleteUser", request: AuthUserDeleteRequest.create({ name }) };
  }
  if (prng.chance(0.5)) {
    const request = AuthUserGrantRoleRequest.create({ user: name, role: prng.pick(ROLE_NAMES) });
    return { kind: "grantRole", request };
  }
  const hashedPassword = btoa(`hash ${prng.between(0, 9)}`);
  return { kind: "addUser", request: AuthUserAddRequest.create({ name, hashedPassword }) };
}

function randomPutAction(prng: Prng, world: RequestWorld): Action {
  const request = randomPut(prng, world);
  if (!request.ignoreValue && prng.chance(0.04)) {
    request.value = prng.bytes(prng.between(1000, LARGE_VALUE_BYTES));
  }
  return { kind: "put", request };
}

/** Mostly of one key, or there would never be many. */
function randomDeletion(prng: Prng, world: RequestWorld): DeleteRangeRequest {
  const request = randomDeleteRange(prng, world);
  return prng.chance(0.9) ? { ...request, rangeEnd: "" } : request;
}

/** Mostly of what is a while ago, now and then of all or of what is gone already. */
function randomCompaction(prng: Prng, world: RequestWorld): Action {
  const { oldestRevision, currentRevision } = world;
  return compactionOf(prng.between(oldestRevision, currentRevision));
}
