import type { RaftNode } from "../../core/raft/raft_node.ts";
import type { Membership } from "../../core/members/membership.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { ServerConfig } from "../server_config.ts";

/**
 * Drops applied entries from the log in memory. Followers that are late get theirs from there; a
 * member that is alone has nobody to keep them for, and they may be large.
 */
export function truncateLog(raft: RaftNode, membership: Membership, config: ServerConfig): void {
  const isAlone = membership.size <= 1;
  const keptCount = isAlone ? 0 : config.backend.snapshotCatchUpEntries;
  const slack = isAlone ? SERVER_LIMITS.soleLogEntriesSlack : SERVER_LIMITS.logEntriesSlack;
  const applied = raft.appliedIndex;
  if (applied - raft.firstIndex < keptCount + slack) return;
  raft.truncateLogTo(applied - keptCount);
}
