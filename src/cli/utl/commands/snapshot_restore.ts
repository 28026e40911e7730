import { join } from "node:path";
import { formatId } from "../../../core/members/member_id.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { hasBackupHash, requireBackupHash } from "../backup_hash.ts";
import type { UtlCommand } from "../command.ts";
import type { UtlContext } from "../context.ts";
import { onBackup } from "../integrity.ts";
import { RESTORE_FLAGS } from "../restore/restore_flags.ts";
import { writeRestoredDatabase } from "../restore/restored_database.ts";
import { writeFirstLog, writeFirstSnapshot } from "../restore/restored_log.ts";
import { type RestorePlan, restorePlanOf } from "../restore/restore_plan.ts";
import { Staging } from "../restore/staging.ts";

/** Makes the data directory of a member out of a backup. */
export const SNAPSHOT_RESTORE_COMMAND: UtlCommand = {
  name: "restore",
  synopsis: "<filename> --data-dir {output dir} [options]",
  short: "Restores an etcd member snapshot to an etcd directory",
  long: `Makes the data directory of one member of a new cluster that has the data of the snapshot.
For a cluster of several members, run it once for each, with the same snapshot and
--initial-cluster. The directory appears only when it is complete: after an interruption, run
the command again.`,
  flags: RESTORE_FLAGS,
  async work(context) {
    await restore(context, restorePlanOf(context));
  },
};

async function restore(context: UtlContext, plan: RestorePlan): Promise<void> {
  const { clock, fileSystem } = context.io;
  const { backupPath, dataDir } = plan;
  if (fileSystem.stat(backupPath) === undefined) {
    throw new Error(`open ${backupPath}: no such file or directory`);
  }
  const sizeBytes = context.fileSize(backupPath);
  const checksHash = !plan.skipHashCheck;
  if (checksHash && !hasBackupHash(sizeBytes)) {
    throw new Error(
      "snapshot missing hash but --skip-hash-check=false. If it is a copy of member/snap/db, " +
        "give --skip-hash-check; if not, it is damaged",
    );
  }
  const staging = Staging.begin(fileSystem, dataDir, plan.walDir);
  try {
    const passes = checksHash ? 3 : 2;
    const options = { what: `restoring ${backupPath}`, totalBytes: passes * sizeBytes };
    await context.watch(options, async (watched) => {
      if (checksHash) requireBackupHash(watched, backupPath);
      await build(context, watched, plan, staging);
    });
    await writeFirstLog(fileSystem, clock, staging.walPath, plan);
    await staging.publish();
  } catch (error) {
    staging.discard();
    throw error;
  }
  context.note(
    `restored ${backupPath} to ${dataDir} for member ${formatId(plan.memberId)}, ` +
      `one of ${plan.members.length}`,
  );
}

async function build(
  context: UtlContext,
  fileSystem: FileSystem,
  plan: RestorePlan,
  staging: Staging,
): Promise<void> {
  const dbPath = join(staging.snapPath, "db");
  await onBackup(
    plan.backupPath,
    () => writeRestoredDatabase(context, fileSystem, plan, dbPath),
  );
  await writeFirstSnapshot(fileSystem, staging.snapPath, plan.members);
}
