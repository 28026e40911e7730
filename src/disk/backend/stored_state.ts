import { latin1FromBytes, textFromBytes } from "../../base/bytes.ts";
import type { Lease } from "../../core/lease/lease.ts";
import { type DowngradeInfo, parseDowngrade } from "../../core/members/downgrade.ts";
import { decodeMember, type Member } from "../../core/members/member.ts";
import { REVISION_KEY_BYTES, RevisionKeyFields } from "../../core/mvcc/revision_key.ts";
import { AlarmMember } from "../../pb/etcdserverpb.ts";
import { Lease as StoredLease } from "../../pb/leasepb.ts";
import type { ConfState } from "../../pb/raftpb.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { decodeConfState } from "./conf_state_json.ts";
import {
  BadValue,
  checkLength,
  forEachPair,
  type KeyAndValue,
  mapPairs,
  toUint64Number,
} from "./pair_walk.ts";
import {
  Bucket,
  CLUSTER_VERSION_KEY,
  decodeUint64,
  DOWNGRADE_KEY,
  memberKey,
  MetaKey,
  UINT64_BYTES,
} from "./schema.ts";

/** Everything of the applied state that is in the file, except for the changes of keys. */
export interface StoredState extends StoredMeta {
  /** Undefined as long as the cluster has not agreed on one. */
  readonly clusterVersion: string | undefined;
  /** Undefined if nobody ever said anything about a downgrade. */
  readonly downgrade: DowngradeInfo | undefined;
  readonly members: Member[];
  readonly removedMembers: bigint[];
  readonly leases: Lease[];
  readonly alarms: AlarmMember[];
}

/** What the bucket `meta` says. */
interface StoredMeta {
  /** The last log entry whose effect the file has; 0 if there is none. */
  readonly consistentIndex: number;
  /** The term of that entry; 0 where etcd before 3.5 wrote the file. */
  readonly term: number;
  /** Undefined where etcd before 3.5 wrote the file. */
  readonly confState: ConfState | undefined;
  /** Undefined where etcd before 3.6 wrote the file. */
  readonly storageVersion: string | undefined;
  /** What is below is to be removed; -1 if nothing was ever compacted. */
  readonly scheduledCompactRevision: number;
  /** What was below is removed; -1 if no compaction was ever finished. */
  readonly finishedCompactRevision: number;
}

/** Reads it. A value that etcd cannot have written is a DiskError with file, bucket and key. */
export function readStoredState(read: ReadTransaction): StoredState {
  return {
    ...readStoredMeta(read),
    ...readCluster(read),
    members: mapPairs(read, Bucket.MEMBERS, toMember),
    removedMembers: mapPairs(read, Bucket.MEMBERS_REMOVED, toMemberId),
    leases: mapPairs(read, Bucket.LEASE, toLease),
    alarms: mapPairs(read, Bucket.ALARM, ({ key }) => AlarmMember.decode(key.slice())),
  };
}

/** Reads the bucket `meta` alone. */
export function readStoredMeta(read: ReadTransaction): StoredMeta {
  let meta: StoredMeta = {
    consistentIndex: 0,
    term: 0,
    confState: undefined,
    storageVersion: undefined,
    scheduledCompactRevision: -1,
    finishedCompactRevision: -1,
  };
  forEachPair(read, Bucket.META, (pair) => {
    meta = { ...meta, ...toMeta(latin1FromBytes(pair.key), pair.value) };
  });
  return meta;
}

/** What one pair of the bucket `meta` says; nothing if detcd does not know its key. */
function toMeta(key: string, value: Uint8Array): Partial<StoredMeta> {
  switch (key) {
    case MetaKey.CONSISTENT_INDEX:
      return { consistentIndex: toUint64Number(value) };
    case MetaKey.TERM:
      return { term: toUint64Number(value) };
    case MetaKey.CONF_STATE:
      return { confState: decodeConfState(value) };
    case MetaKey.STORAGE_VERSION:
      return { storageVersion: toVersion(value) };
    case MetaKey.SCHEDULED_COMPACT_REVISION:
      return { scheduledCompactRevision: toRevision(value) };
    case MetaKey.FINISHED_COMPACT_REVISION:
      return { finishedCompactRevision: toRevision(value) };
    default:
      return {};
  }
}

function readCluster(
  read: ReadTransaction,
): Pick<StoredState, "clusterVersion" | "downgrade"> {
  let clusterVersion: string | undefined;
  let downgrade: DowngradeInfo | undefined;
  forEachPair(read, Bucket.CLUSTER, ({ key, value }) => {
    const name = latin1FromBytes(key);
    if (name === CLUSTER_VERSION_KEY) clusterVersion = toVersion(value);
    else if (name === DOWNGRADE_KEY) downgrade = parseDowngrade(textFromBytes(value));
  });
  return { clusterVersion, downgrade };
}

function toRevision(value: Uint8Array): number {
  checkLength(value, REVISION_KEY_BYTES);
  const fields = new RevisionKeyFields();
  if (!fields.read(value, 0, value.length)) throw new BadValue("it is not a revision");
  return fields.main;
}

function toVersion(value: Uint8Array): string {
  const version = latin1FromBytes(value);
  if (!/^\d+\.\d+\.\d+(-[\w.+-]+)?$/.test(version)) throw new BadValue("it is not a version");
  return version;
}

function toMember({ key, value }: KeyAndValue): Member {
  const member = decodeMember(value);
  const ownKey = latin1FromBytes(memberKey(member.id));
  if (ownKey !== latin1FromBytes(key)) throw new BadValue(`it is of the member ${ownKey}`);
  return member;
}

function toMemberId({ key }: KeyAndValue): bigint {
  const text = latin1FromBytes(key);
  if (!/^[0-9a-f]{1,16}$/.test(text)) throw new BadValue("it is not the ID of a member");
  return BigInt(`0x${text}`);
}

function toLease({ key, value }: KeyAndValue): Lease {
  checkLength(key, UINT64_BYTES);
  const { id, ttl, remainingTtl } = StoredLease.decode(value);
  if (BigInt.asUintN(64, id) !== decodeUint64(key)) throw new BadValue(`it is of the lease ${id}`);
  if (!Number.isSafeInteger(ttl) || !Number.isSafeInteger(remainingTtl)) {
    throw new BadValue("its time to live is too large a number");
  }
  return { id, ttlSeconds: ttl, remainingTtlSeconds: remainingTtl };
}
