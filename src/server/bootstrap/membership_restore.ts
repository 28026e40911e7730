import { decodeV2Store } from "../../core/members/v2_store_json.ts";
import type { Membership } from "../../core/members/membership.ts";
import type { StoredState } from "../../disk/backend/stored_state.ts";
import { DiskError, DiskErrorCode } from "../../disk/disk_error.ts";
import type { WalStart } from "../../disk/wal_replay.ts";
import { type Entry, EntryType, type Snapshot } from "../../pb/raftpb.ts";
import { applyConfChange } from "../raft/conf_change.ts";
import { decodeMembershipOperation } from "../operations/decode.ts";

/** Where it is written who the members are. */
interface MembershipSources {
  readonly stored: StoredState;
  /** The directory of the snapshot files, for error messages. */
  readonly snapDirectory: string;
  /** The snapshot that the log builds on, what its file says, and the log's entries behind it. */
  readonly start: WalStart;
  readonly snapshot: Snapshot | undefined;
  readonly entries: readonly Entry[];
}

/**
 * Finds out who the members were once the entries that the B-tree file has were applied. From 3.6
 * on etcd keeps them in that file. Before, what the file said of them could be of another cluster:
 * the truth was in the snapshot file and in the log behind it.
 */
export function restoreMembership(membership: Membership, sources: MembershipSources): void {
  restoreMembers(membership, sources);
  const { downgrade } = sources.stored;
  if (downgrade !== undefined) membership.setDowngrade(downgrade);
}

function restoreMembers(membership: Membership, sources: MembershipSources): void {
  const { stored, start, entries } = sources;
  if (stored.storageVersion !== undefined) {
    membership.restore(stored.members, stored.removedMembers, stored.clusterVersion);
    return;
  }
  if (start.index > 0) restoreFromSnapshot(membership, sources);
  for (const entry of entries) {
    if (entry.index > stored.consistentIndex) break;
    applyMembershipEntry(membership, entry);
  }
}

function restoreFromSnapshot(membership: Membership, sources: MembershipSources): void {
  const { snapDirectory, start, snapshot } = sources;
  try {
    if (snapshot === undefined) throw new SyntaxError("there is no such file");
    const { members, removed, clusterVersion } = decodeV2Store(snapshot.data ?? new Uint8Array(0));
    membership.restore(members, removed, clusterVersion);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DiskError({
      operation: `read who the members are from the snapshot of index ${start.index} in`,
      path: snapDirectory,
      code: DiskErrorCode.CORRUPT,
      what: error.message,
      advice: "Put the file back, or restore this member from a backup",
      cause: error,
    });
  }
}

function applyMembershipEntry(membership: Membership, entry: Entry): void {
  if (entry.type === EntryType.EntryConfChange) applyConfChange(membership, entry);
  else if (entry.data !== undefined && entry.data.length > 0) {
    decodeMembershipOperation(entry.data)?.applyTo(membership);
  }
}
