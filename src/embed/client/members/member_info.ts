import type { HashKVResponse, StatusResponse } from "../../../pb/etcdserverpb.ts";

/** One member of the cluster. */
export interface MemberInfo {
  /** The member's ID. */
  readonly id: bigint;
  /** Its name; empty until it has started once. */
  readonly name: string;
  /** Where other members reach it. */
  readonly peerUrls: readonly string[];
  /** Where clients reach it; empty until it has started once. */
  readonly clientUrls: readonly string[];
  /** Whether it only learns and has no vote. */
  readonly isLearner: boolean;
}

/** How the member that was asked is doing. */
export interface MemberStatus {
  /** The etcd version that it presents. */
  readonly version: string;
  /** The member's ID. */
  readonly memberId: bigint;
  /** The cluster's ID. */
  readonly clusterId: bigint;
  /** The leader's ID; `0n` if there is none. */
  readonly leader: bigint;
  /** Whether the member only learns and has no vote. */
  readonly isLearner: boolean;
  /** The store's revision. */
  readonly revision: number;
  /** Raft's term. */
  readonly raftTerm: number;
  /** The index of the last committed entry. */
  readonly raftIndex: number;
  /** The index of the last applied entry. */
  readonly raftAppliedIndex: number;
  /** Bytes that the store's file takes, whether they are in use or free to be used again. */
  readonly dbSizeBytes: number;
  /** Bytes of these that are in use. */
  readonly dbSizeInUseBytes: number;
  /**
   * How many bytes the file may take before writes are refused; 0 if the member does not say, as
   * those that present an etcd before 3.6.
   */
  readonly dbSizeQuotaBytes: number;
  /** The version of etcd's storage format; empty if the member presents an etcd before 3.6. */
  readonly storageVersion: string;
  /** The version that the cluster is being downgraded to; empty if it is not. */
  readonly downgradeTarget: string;
  /** What is wrong, in etcd's words; empty when nothing is. */
  readonly errors: readonly string[];
}

/** The hash of the history up to a revision; the same on all members that have the same history. */
export interface HashKvResult {
  /** The store's revision when the answer was made. */
  readonly revision: number;
  /** The hash, a CRC-32C. */
  readonly hash: number;
  /** The revision that was hashed at; 0 if the member does not say, as etcd before 3.6. */
  readonly hashRevision: number;
  /**
   * The revision of the last compaction, -1 if there was none: hashes can be compared only if this
   * is the same.
   */
  readonly compactRevision: number;
}

/** Reads a status response. */
export function memberStatus(response: StatusResponse): MemberStatus {
  return {
    version: response.version,
    memberId: response.header?.memberId ?? 0n,
    clusterId: response.header?.clusterId ?? 0n,
    leader: response.leader,
    isLearner: response.isLearner,
    revision: response.header?.revision ?? 0,
    raftTerm: response.raftTerm,
    raftIndex: response.raftIndex,
    raftAppliedIndex: response.raftAppliedIndex,
    dbSizeBytes: response.dbSize,
    dbSizeInUseBytes: response.dbSizeInUse,
    dbSizeQuotaBytes: response.dbSizeQuota,
    storageVersion: response.storageVersion,
    downgradeTarget: response.downgradeInfo?.enabled ? response.downgradeInfo.targetVersion : "",
    errors: response.errors,
  };
}

/** Reads a HashKV response. */
export function hashKvResult(response: HashKVResponse): HashKvResult {
  return {
    revision: response.header?.revision ?? 0,
    hash: response.hash,
    hashRevision: response.hashRevision,
    compactRevision: response.compactRevision,
  };
}
