import { bytesFromLatin1 } from "../../base/bytes.ts";
import { formatId } from "../../core/members/member_id.ts";

/** The buckets of etcd's file; in the file they come in the order of their names. */
export const Bucket = {
  ALARM: "alarm",
  AUTH: "auth",
  AUTH_ROLES: "authRoles",
  AUTH_USERS: "authUsers",
  CLUSTER: "cluster",
  KEY: "key",
  LEASE: "lease",
  MEMBERS: "members",
  MEMBERS_REMOVED: "members_removed",
  META: "meta",
} as const;

/** All of them; etcd makes them when it starts. */
export const BUCKET_NAMES: readonly string[] = Object.values(Bucket);

/** The keys of the bucket `meta`. */
export const MetaKey = {
  CONSISTENT_INDEX: "consistent_index",
  TERM: "term",
  CONF_STATE: "confState",
  SCHEDULED_COMPACT_REVISION: "scheduledCompactRev",
  FINISHED_COMPACT_REVISION: "finishedCompactRev",
  STORAGE_VERSION: "storageVersion",
} as const;

/** The keys of the bucket `cluster`. */
export const CLUSTER_VERSION_KEY = "clusterVersion";
export const DOWNGRADE_KEY = "downgrade";

/** The key of the bucket `auth` that is one byte, 1 while authentication is enabled. */
export const AUTH_ENABLED_KEY = "authEnabled";
/** The key of the bucket `auth` that is there from the first start on. */
export const AUTH_REVISION_KEY = "authRevision";

/** What the bucket `members_removed` says of each member. */
export const REMOVED_MEMBER_VALUE: Uint8Array = bytesFromLatin1("removed");

/** How many bytes a u64 takes: an index, a term or the key of a lease. */
export const UINT64_BYTES = 8;

/** A u64 in the file: big-endian, so that the order of bytes is that of numbers. */
export function encodeUint64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(UINT64_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value));
  return bytes;
}

/** The u64 in the first bytes of an array that has enough of them. */
export function decodeUint64(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, UINT64_BYTES).getBigUint64(0);
}

/** The key of a member in the buckets `members` and `members_removed`. */
export function memberKey(id: bigint): Uint8Array {
  return bytesFromLatin1(formatId(id));
}
