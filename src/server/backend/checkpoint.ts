import type { AuthChanges } from "../../core/auth/auth_changes.ts";
import type { Lease } from "../../core/lease/lease.ts";
import type { StoreCheckpoint } from "../../core/mvcc/store_checkpoint.ts";
import { BackendBatch } from "../../disk/backend/backend_batch.ts";
import type { BTreeFile } from "../../disk/btree/btree_file.ts";
import type { TurnBudget } from "../../disk/btree/turn_budget.ts";
import type { AlarmMember } from "../../pb/etcdserverpb.ts";
import type { DowngradeInfo } from "../../core/members/downgrade.ts";
import type { Member } from "../../core/members/member.ts";
import type { ConfState } from "../../pb/raftpb.ts";
import { SERVER_LIMITS } from "../limits.ts";

/** The members of the cluster as a checkpoint writes them. */
interface MembershipCut {
  readonly members: readonly Member[];
  readonly removedIds: readonly bigint[];
  readonly clusterVersion: string | undefined;
  /** Undefined if nobody ever said anything about a downgrade. */
  readonly downgrade: DowngradeInfo | undefined;
}

/**
 * What of the applied state has to be written, as it was between two log entries. What changes
 * while it is being written belongs to the next checkpoint.
 */
export interface CheckpointCut {
  /** The last applied entry. */
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  /** Undefined leaves what the file says. */
  readonly storageVersion: { readonly value: string | undefined } | undefined;
  readonly store: StoreCheckpoint;
  /** Leases that were granted or changed, and the IDs of those that are gone. */
  readonly leases: readonly Lease[];
  readonly goneLeases: readonly bigint[];
  /** Undefined if nothing changed. */
  readonly alarms: readonly AlarmMember[] | undefined;
  readonly membership: MembershipCut | undefined;
  readonly auth: AuthChanges | undefined;
  /** What the snapshot file of this index has to say of the members; undefined if none is due. */
  readonly snapshotData: Uint8Array | undefined;
}

/** Writes a cut into the B-tree file, in turns; it is durable when the promise is fulfilled. */
export async function writeCheckpoint(
  file: BTreeFile,
  cut: CheckpointCut,
  turn: TurnBudget,
): Promise<void> {
  const write = file.beginWrite();
  let batch: BackendBatch;
  try {
    batch = new BackendBatch(write);
    await putChanges(batch, cut.store, turn);
    await removeChanges(batch, cut.store, turn);
    putSmallState(batch, cut);
  } catch (error) {
    // Pages are read on the way, which can fail; a file with a writer could not be closed.
    write.rollback();
    throw error;
  }
  await batch.commit();
}

async function putChanges(
  batch: BackendBatch,
  store: StoreCheckpoint,
  turn: TurnBudget,
): Promise<void> {
  const put = batch.putChange.bind(batch);
  while (store.step(SERVER_LIMITS.checkpointChangesPerClockCheck, put)) {
    if (turn.isSpent()) await turn.next();
  }
}

async function removeChanges(
  batch: BackendBatch,
  { removals }: StoreCheckpoint,
  turn: TurnBudget,
): Promise<void> {
  for (let i = 0; i < removals.count; i++) {
    batch.removeChange(removals.main(i), removals.sub(i), removals.isTombstone(i));
    const isCheckDue = i % SERVER_LIMITS.checkpointChangesPerClockCheck === 0;
    if (isCheckDue && turn.isSpent()) await turn.next();
  }
}

function putSmallState(batch: BackendBatch, cut: CheckpointCut): void {
  for (const lease of cut.leases) batch.putLease(lease);
  for (const id of cut.goneLeases) batch.deleteLease(id);
  if (cut.alarms !== undefined) batch.replaceAlarms(cut.alarms);
  if (cut.auth !== undefined) batch.putAuth(cut.auth);
  if (cut.membership !== undefined) putMembership(batch, cut.membership);
  if (cut.storageVersion !== undefined) batch.setStorageVersion(cut.storageVersion.value);
  const { scheduledCompactRevision, finishedCompactRevision } = cut.store;
  if (scheduledCompactRevision >= 0) batch.setScheduledCompactRevision(scheduledCompactRevision);
  if (finishedCompactRevision >= 0) batch.setFinishedCompactRevision(finishedCompactRevision);
  batch.setConfState(cut.confState);
  batch.setConsistentIndex(cut.index, cut.term);
}

function putMembership(batch: BackendBatch, membership: MembershipCut): void {
  const { members, removedIds, clusterVersion, downgrade } = membership;
  batch.replaceMembers(members, removedIds);
  if (clusterVersion !== undefined) batch.setClusterVersion(clusterVersion);
  if (downgrade !== undefined) batch.setDowngrade(downgrade);
}
