import type { Logger } from "../../base/log.ts";
import { encodeMember } from "../../core/members/member.ts";
import { formatId } from "../../core/members/member_id.ts";
import type { Membership } from "../../core/members/membership.ts";
import { DiskError, DiskErrorCode } from "../../disk/disk_error.ts";
import type { WalContents } from "../../disk/wal_replay.ts";
import { ConfChange, ConfChangeType, Entry, EntryType, type HardState } from "../../pb/raftpb.ts";

/** The log of a member that is to be a cluster of its own. */
interface ForcedLog {
  readonly hardState: HardState;
  /** All entries, each of them committed. */
  readonly entries: readonly Entry[];
  /** Those at the end that are not in the files yet. */
  readonly added: readonly Entry[];
}

/** Where a member stands that is to be a cluster of its own. */
export interface Survivor {
  readonly memberId: bigint;
  /** The URLs at which it is found if its cluster has forgotten it. */
  readonly peerUrls: readonly string[];
  /** The members once the entries up to `appliedIndex` were applied. */
  readonly membership: Membership;
  readonly appliedIndex: number;
  /** The data directory, for messages. */
  readonly dataDir: string;
}

/**
 * Makes a cluster of one member out of a log that a cluster of several has left, as etcd does it: what
 * was not committed is dropped, since nobody is left to commit it, and the log then says itself that
 * all others were removed.
 */
export function forceNewCluster(
  contents: WalContents,
  survivor: Survivor,
  logger: Logger,
): ForcedLog {
  refuseLearner(survivor);
  // The commit index is not synced: it may be older than what was applied because of it.
  const commit = Math.max(contents.hardState.commit, survivor.appliedIndex);
  const kept = contents.entries.filter(({ index }) => index <= commit);
  if (kept.length < contents.entries.length) {
    logger.warn("discarding uncommitted WAL entries", {
      "commit-index-from-wal": commit,
      "number-of-discarded-entries": contents.entries.length - kept.length,
    });
  }
  const added = changesTo(memberIdsAt(kept, survivor), survivor).map((change, i) =>
    Entry.create({
      type: EntryType.EntryConfChange,
      term: contents.hardState.term,
      index: commit + 1 + i,
      data: ConfChange.encode(change),
    })
  );
  logger.warn("making a new cluster of this one member", {
    "member-id": formatId(survivor.memberId),
    "membership-changes": added.length,
  });
  return {
    hardState: { ...contents.hardState, commit: commit + added.length },
    entries: [...kept, ...added],
    added,
  };
}

/** A learner need not have what others have acknowledged, and could never lead. */
function refuseLearner({ membership, memberId, dataDir }: Survivor): void {
  if (membership.get(memberId)?.isLearner !== true) return;
  throw new DiskError({
    operation: "make a new cluster of the data directory",
    path: dataDir,
    code: DiskErrorCode.MISMATCH,
    what: `its member ${formatId(memberId)} is a learner, which may lack acknowledged changes`,
    advice: "Use the directory of a voter, or restore a backup",
  });
}

/** Who is a member once all of these entries are applied. */
function memberIdsAt(entries: readonly Entry[], { membership, appliedIndex }: Survivor): bigint[] {
  const ids = new Set(membership.list().map(({ id }) => id));
  for (const entry of entries) {
    if (entry.type !== EntryType.EntryConfChange || entry.index <= appliedIndex) continue;
    const change = ConfChange.decode(entry.data ?? new Uint8Array(0));
    if (change.type === ConfChangeType.ConfChangeRemoveNode) ids.delete(change.nodeId);
    else if (change.type !== ConfChangeType.ConfChangeUpdateNode) ids.add(change.nodeId);
  }
  return [...ids].sort((a, b) => (a < b ? -1 : 1));
}

/** What makes these members one. */
function changesTo(ids: readonly bigint[], { memberId, peerUrls }: Survivor): ConfChange[] {
  const changes = ids.filter((id) => id !== memberId).map((nodeId) =>
    ConfChange.create({ type: ConfChangeType.ConfChangeRemoveNode, nodeId })
  );
  if (ids.includes(memberId)) return changes;
  const member = { id: memberId, peerUrls, isLearner: false, name: "", clientUrls: [] };
  const context = encodeMember(member);
  changes.push(
    ConfChange.create({ type: ConfChangeType.ConfChangeAddNode, nodeId: memberId, context }),
  );
  return changes;
}
