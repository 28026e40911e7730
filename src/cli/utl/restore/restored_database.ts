import { EMPTY_BYTES } from "../../../base/bytes.ts";
import type { CompatVersion } from "../../../core/members/compat_version.ts";
import { BackendBatch } from "../../../disk/backend/backend_batch.ts";
import { readStoredRevisions } from "../../../disk/backend/stored_revisions.ts";
import { readStoredState, type StoredState } from "../../../disk/backend/stored_state.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import { compactCopy } from "../../../disk/btree/compact_copy.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import type { UtlContext } from "../context.ts";
import { withTree, yieldTurn } from "../database.ts";
import { requireIntegrity } from "../integrity.ts";
import { confStateOf, FIRST_TERM } from "./restored_log.ts";
import type { RestorePlan } from "./restore_plan.ts";

/** What of a backup decides about the file that is made of it. */
interface BackupState {
  readonly stored: StoredState;
  /** What a server on the backup would call its revision. */
  readonly revision: number;
}

/** Makes the B-tree file of the new member: the backup's data, and the new cluster's members. */
export async function writeRestoredDatabase(
  context: UtlContext,
  fileSystem: FileSystem,
  plan: RestorePlan,
  dbPath: string,
): Promise<void> {
  const { clock } = context.io;
  const state = await withTree(
    context,
    fileSystem,
    plan.backupPath,
    async (tree, read): Promise<BackupState> => {
      await requireIntegrity(tree);
      await compactCopy(read, { fileSystem, path: dbPath, clock, yieldTurn });
      return { stored: readStoredState(read), revision: readStoredRevisions(read).current };
    },
  );
  const file = await BTreeFile.open(fileSystem, dbPath, { clock, yieldTurn });
  try {
    const batch = newBatch(file, (batch) => adopt(batch, plan, state));
    await batch.commit();
  } finally {
    await file.close();
  }
}

/** A batch that was filled, or none that would have to be ended. */
function newBatch(file: BTreeFile, fill: (batch: BackendBatch) => void): BackendBatch {
  const write = file.beginWrite();
  try {
    const batch = new BackendBatch(write);
    fill(batch);
    return batch;
  } catch (error) {
    write.rollback();
    throw error;
  }
}

/** Makes the data those of the new cluster, whose log begins anew. */
function adopt(batch: BackendBatch, plan: RestorePlan, { stored, revision }: BackupState): void {
  const { members, compatVersion, bumpRevision } = plan;
  batch.replaceMembers(members, []);
  batch.setConsistentIndex(members.length, FIRST_TERM);
  batch.setConfState(confStateOf(members));
  batch.setStorageVersion(storageVersionFor(compatVersion, stored.storageVersion));
  const { clusterVersion } = stored;
  if (clusterVersion !== undefined && !compatVersion.runsIn(clusterVersion)) {
    batch.setClusterVersion(compatVersion.clusterVersion);
  }
  if (bumpRevision > 0) {
    const bumped = revision + bumpRevision;
    // A change of nothing: it only says how far revisions are.
    batch.putChange(bumped, 0, false, EMPTY_BYTES, 0, 0);
    batch.setScheduledCompactRevision(bumped);
  }
}

/**
 * A file that says nothing of its form gets its version from the server, once the cluster has
 * agreed on one.
 */
function storageVersionFor(
  compatVersion: CompatVersion,
  stored: string | undefined,
): string | undefined {
  if (stored === undefined || compatVersion.storageVersion === undefined) return undefined;
  return compatVersion.runsIn(stored) ? stored : compatVersion.storageVersion;
}
