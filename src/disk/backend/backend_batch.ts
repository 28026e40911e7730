import {
  bytesEqual,
  bytesFromLatin1,
  bytesFromText,
  EMPTY_BYTES,
  latin1FromBytes,
} from "../../base/bytes.ts";
import type { AuthChanges } from "../../core/auth/auth_changes.ts";
import { encodeRole } from "../../core/auth/role.ts";
import { encodeUser } from "../../core/auth/user.ts";
import type { Lease } from "../../core/lease/lease.ts";
import { type DowngradeInfo, formatDowngrade } from "../../core/members/downgrade.ts";
import { encodeMember, type Member } from "../../core/members/member.ts";
import {
  REVISION_KEY_BYTES,
  TOMBSTONE_KEY_BYTES,
  writeRevisionKey,
} from "../../core/mvcc/revision_key.ts";
import { AlarmMember } from "../../pb/etcdserverpb.ts";
import { Lease as StoredLease } from "../../pb/leasepb.ts";
import type { ConfState } from "../../pb/raftpb.ts";
import type { WriteBucket, WriteTransaction } from "../btree/write_transaction.ts";
import { encodeConfState } from "./conf_state_json.ts";
import {
  AUTH_ENABLED_KEY,
  AUTH_REVISION_KEY,
  Bucket,
  BUCKET_NAMES,
  CLUSTER_VERSION_KEY,
  DOWNGRADE_KEY,
  encodeUint64,
  memberKey,
  MetaKey,
  REMOVED_MEMBER_VALUE,
} from "./schema.ts";

/** What etcd's first start writes. */
const FIRST_AUTH_REVISION = 1n;

const [ENABLED, DISABLED] = [Uint8Array.of(1), Uint8Array.of(0)];

/** Writes applied state into etcd's file, in one transaction of the B-tree. */
export class BackendBatch {
  readonly #write: WriteTransaction;
  readonly #changes: WriteBucket;
  readonly #meta: WriteBucket;
  /** The B-tree copies keys, so one array serves for all changes of a kind. */
  readonly #putKey = new Uint8Array(REVISION_KEY_BYTES);
  readonly #tombstoneKey = new Uint8Array(TOMBSTONE_KEY_BYTES);

  /** Makes the buckets that are missing, so that etcd finds what its own first start would leave. */
  constructor(write: WriteTransaction) {
    this.#write = write;
    for (const name of BUCKET_NAMES) write.createBucketIfMissing(name);
    this.#changes = write.createBucketIfMissing(Bucket.KEY);
    this.#meta = write.createBucketIfMissing(Bucket.META);
    const auth = write.createBucketIfMissing(Bucket.AUTH);
    const authRevision = bytesFromLatin1(AUTH_REVISION_KEY);
    if (auth.get(authRevision) === undefined) {
      auth.put(authRevision, encodeUint64(FIRST_AUTH_REVISION));
    }
  }

  /** bytes[start, end) is copied: a KeyValue, of which a tombstone has only the key. */
  putChange(
    main: number,
    sub: number,
    tombstone: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#changes.put(this.#revisionKey(main, sub, tombstone), bytes, start, end);
  }

  /** Harmless if the change is not there. */
  removeChange(main: number, sub: number, tombstone: boolean): void {
    this.#changes.delete(this.#revisionKey(main, sub, tombstone));
  }

  /** The last log entry whose effect the file has. */
  setConsistentIndex(index: number, term: number): void {
    this.#setMeta(MetaKey.CONSISTENT_INDEX, encodeUint64(BigInt(index)));
    this.#setMeta(MetaKey.TERM, encodeUint64(BigInt(term)));
  }

  setConfState(confState: ConfState): void {
    this.#setMeta(MetaKey.CONF_STATE, encodeConfState(confState));
  }

  /** Undefined for the form of etcd before 3.6, which did not say. */
  setStorageVersion(version: string | undefined): void {
    if (version !== undefined) this.#setMeta(MetaKey.STORAGE_VERSION, bytesFromLatin1(version));
    else this.#meta.delete(bytesFromLatin1(MetaKey.STORAGE_VERSION));
  }

  setScheduledCompactRevision(revision: number): void {
    this.#setMeta(MetaKey.SCHEDULED_COMPACT_REVISION, encodeRevision(revision));
  }

  setFinishedCompactRevision(revision: number): void {
    this.#setMeta(MetaKey.FINISHED_COMPACT_REVISION, encodeRevision(revision));
  }

  putLease({ id, ttlSeconds, remainingTtlSeconds }: Lease): void {
    const value = StoredLease.encode({ id, ttl: ttlSeconds, remainingTtl: remainingTtlSeconds });
    this.#write.createBucketIfMissing(Bucket.LEASE).put(encodeUint64(id), value);
  }

  /** Harmless if the lease is not there. */
  deleteLease(id: bigint): void {
    this.#write.createBucketIfMissing(Bucket.LEASE).delete(encodeUint64(id));
  }

  replaceAlarms(alarms: readonly AlarmMember[]): void {
    const pairs = new Map<string, Uint8Array>();
    for (const alarm of alarms) pairs.set(latin1FromBytes(AlarmMember.encode(alarm)), EMPTY_BYTES);
    this.#replace(Bucket.ALARM, pairs);
  }

  replaceMembers(members: readonly Member[], removedIds: readonly bigint[]): void {
    const present = new Map<string, Uint8Array>();
    for (const member of members) {
      present.set(latin1FromBytes(memberKey(member.id)), encodeMember(member));
    }
    const removed = new Map<string, Uint8Array>();
    for (const id of removedIds) {
      removed.set(latin1FromBytes(memberKey(id)), REMOVED_MEMBER_VALUE);
    }
    this.#replace(Bucket.MEMBERS, present);
    this.#replace(Bucket.MEMBERS_REMOVED, removed);
  }

  /** Users and roles that changed, and those that are gone. */
  putAuth({ enabled, revision, users, goneUsers, roles, goneRoles }: AuthChanges): void {
    const auth = this.#write.createBucketIfMissing(Bucket.AUTH);
    auth.put(bytesFromLatin1(AUTH_REVISION_KEY), encodeUint64(BigInt(revision)));
    if (enabled !== undefined) {
      auth.put(bytesFromLatin1(AUTH_ENABLED_KEY), enabled ? ENABLED : DISABLED);
    }
    const userBucket = this.#write.createBucketIfMissing(Bucket.AUTH_USERS);
    for (const user of users) userBucket.put(bytesFromText(user.name), encodeUser(user));
    for (const name of goneUsers) userBucket.delete(bytesFromText(name));
    const roleBucket = this.#write.createBucketIfMissing(Bucket.AUTH_ROLES);
    for (const role of roles) roleBucket.put(bytesFromText(role.name), encodeRole(role));
    for (const name of goneRoles) roleBucket.delete(bytesFromText(name));
  }

  /** What the members of the cluster agreed on, such as `3.6.0`. */
  setClusterVersion(version: string): void {
    const cluster = this.#write.createBucketIfMissing(Bucket.CLUSTER);
    cluster.put(bytesFromLatin1(CLUSTER_VERSION_KEY), bytesFromLatin1(version));
  }

  /** Whether the cluster is on its way to an older version. */
  setDowngrade(downgrade: DowngradeInfo): void {
    const cluster = this.#write.createBucketIfMissing(Bucket.CLUSTER);
    cluster.put(bytesFromLatin1(DOWNGRADE_KEY), bytesFromText(formatDowngrade(downgrade)));
  }

  /** Writes it all, in turns, and makes it durable. A failure is final for the file. */
  commit(): Promise<void> {
    return this.#write.commit();
  }

  /** Forgets it all. */
  rollback(): void {
    this.#write.rollback();
  }

  #setMeta(key: string, value: Uint8Array): void {
    const keyBytes = bytesFromLatin1(key);
    const before = this.#meta.get(keyBytes);
    if (before === undefined || !bytesEqual(before, value)) this.#meta.put(keyBytes, value);
  }

  #revisionKey(main: number, sub: number, tombstone: boolean): Uint8Array {
    const key = tombstone ? this.#tombstoneKey : this.#putKey;
    writeRevisionKey(key, 0, main, sub, tombstone);
    return key;
  }

  /** Leaves exactly these pairs in a bucket, whose keys are latin1 strings. */
  #replace(name: string, pairs: ReadonlyMap<string, Uint8Array>): void {
    const bucket = this.#write.createBucketIfMissing(name);
    for (const key of keysOf(bucket)) {
      if (!pairs.has(latin1FromBytes(key))) bucket.delete(key);
    }
    for (const [key, value] of pairs) bucket.put(bytesFromLatin1(key), value);
  }
}

function encodeRevision(revision: number): Uint8Array {
  const bytes = new Uint8Array(REVISION_KEY_BYTES);
  writeRevisionKey(bytes, 0, revision, 0, false);
  return bytes;
}

function keysOf(bucket: WriteBucket): Uint8Array[] {
  const keys: Uint8Array[] = [];
  let pair = bucket.firstFrom(EMPTY_BYTES);
  while (pair !== undefined) {
    const key = pair.key.slice();
    keys.push(key);
    pair = bucket.firstFrom(bytesFromLatin1(latin1FromBytes(key) + "\0"));
  }
  return keys;
}
