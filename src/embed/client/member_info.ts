import type { StatusResponse } from "../../pb/etcdserverpb.ts";

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
  /** What is wrong, in etcd's words; empty when nothing is. */
  readonly errors: readonly string[];
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
    errors: response.errors,
  };
}
