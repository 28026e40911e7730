import type { Member, StatusResponse } from "../../../pb/etcdserverpb.ts";
import { type ByteText, byteText, hexId } from "../byte_text.ts";
import { humanBytes } from "./human_bytes.ts";
import type { DatabaseStatus, EndpointHashKv, EndpointHealth, EndpointStatus } from "./printer.ts";

/** A table: its head and its rows. */
export interface Rows {
  readonly head: readonly string[];
  readonly rows: readonly (readonly ByteText[])[];
}

/** The members of a cluster, one a row. */
export function memberRows(members: readonly Member[]): Rows {
  return {
    head: ["ID", "Status", "Name", "Peer Addrs", "Client Addrs", "Is Learner"],
    rows: members.map((member) => [
      hexId(member.id),
      member.name === "" ? "unstarted" : "started",
      byteText(member.name),
      byteText(member.peerUrls.join(",")),
      byteText(member.clientUrls.join(",")),
      String(member.isLearner),
    ]),
  };
}

/** Whether servers serve, one a row. */
export function healthRows(list: readonly EndpointHealth[]): Rows {
  return {
    head: ["endpoint", "health", "took", "error"],
    rows: list.map(({ endpoint, isHealthy, took, error }) => [
      byteText(endpoint),
      String(isHealthy),
      byteText(took),
      byteText(error),
    ]),
  };
}

/** What servers say of themselves, one a row. */
export function statusRows(list: readonly EndpointStatus[]): Rows {
  return {
    head: [
      "endpoint",
      "ID",
      "version",
      "storage version",
      "db size",
      "in use",
      "percentage not in use",
      "quota",
      "is leader",
      "is learner",
      "raft term",
      "raft index",
      "raft applied index",
      "errors",
      "downgrade target version",
      "downgrade enabled",
    ],
    rows: list.map(({ endpoint, status }) => [
      byteText(endpoint),
      hexId(status.header?.memberId ?? 0n),
      byteText(status.version),
      byteText(status.storageVersion),
      humanBytes(status.dbSize),
      humanBytes(status.dbSizeInUse),
      `${freePercent(status)}%`,
      humanBytes(status.dbSizeQuota),
      String(status.leader === (status.header?.memberId ?? 0n)),
      String(status.isLearner),
      String(status.raftTerm),
      String(status.raftIndex),
      String(status.raftAppliedIndex),
      byteText(status.errors.join(", ")),
      byteText(status.downgradeInfo?.targetVersion ?? ""),
      String(status.downgradeInfo?.enabled ?? false),
    ]),
  };
}

/** How much of its file a server could give back. */
function freePercent({ dbSize, dbSizeInUse }: StatusResponse): number {
  return dbSize === 0 ? 0 : 100 - Math.trunc(dbSizeInUse * 100 / dbSize);
}

/** The hashes of servers' histories, one a row. */
export function hashKvRows(list: readonly EndpointHashKv[]): Rows {
  return {
    head: ["endpoint", "hash", "hash_revision"],
    rows: list.map(({ endpoint, hashKv }) => [
      byteText(endpoint),
      String(hashKv.hash),
      String(hashKv.hashRevision),
    ]),
  };
}

/** What a backup holds, in one row. */
export function databaseRows(status: DatabaseStatus): Rows {
  const { hash, revision, totalPairs, totalSizeBytes } = status;
  return {
    head: ["hash", "revision", "total keys", "total size"],
    rows: [[
      hash.toString(16),
      String(revision),
      String(totalPairs),
      humanBytes(totalSizeBytes),
    ]],
  };
}
