import { type BackendStatus, readBackendStatus } from "../../../disk/backend/backend_status.ts";
import { humanBytes } from "../../ctl/output/human_bytes.ts";
import { CLI_LIMITS } from "../../limits.ts";
import { hasBackupHash, requireBackupHash } from "../backup_hash.ts";
import type { UtlCommand } from "../command.ts";
import { compatVersionFlag, compatVersionOf } from "../compat_version.ts";
import type { UtlContext } from "../context.ts";
import { whileUnused, withTree, yieldTurn } from "../database.ts";
import { onBackup, requireIntegrity } from "../integrity.ts";
import { printReport, type Report } from "../report.ts";

/** Tells what a backup is. */
export const SNAPSHOT_STATUS_COMMAND: UtlCommand = {
  name: "status",
  synopsis: "<filename>",
  short: "Gets backend snapshot status of a given file",
  long: `When --write-out is set to simple, this command prints out comma-separated status lists ` +
    `for each endpoint.
The items in the lists are hash, revision, total keys, total size and, from 3.6 on, version.
Up to 3.5 the total of keys counts all that is in the file; from 3.6 on, the keys that exist.
The file is read completely: one that is damaged is refused.`,
  flags: [
    compatVersionFlag("", "Print as this etcd does; by default, the one whose form the file has"),
  ],
  async work(context) {
    const path = context.argument("snapshot status requires exactly one argument");
    context.format(["simple", "fields", "json", "table"]);
    const compatVersion = compatVersionOf(context);
    const status = await statusOf(context, path);
    const showsVersion = compatVersion === undefined
      ? status.version !== ""
      : compatVersion.storageVersion !== undefined;
    printReport(context, showsVersion ? report(status) : reportBefore36(status));
  },
};

async function statusOf(context: UtlContext, path: string): Promise<BackendStatus> {
  const { clock } = context.io;
  const sizeBytes = context.fileSize(path);
  const hasHash = hasBackupHash(sizeBytes);
  const options = {
    what: `reading ${path}`,
    totalBytes: (hasHash ? 3 : 2) * sizeBytes,
    quietMs: CLI_LIMITS.progressQuietMs,
  };
  return await onBackup(
    path,
    () =>
      whileUnused(context, path, () =>
        context.watch(options, async (watched) => {
          if (hasHash) requireBackupHash(watched, path);
          return await withTree(context, watched, path, async (tree, read) => {
            await requireIntegrity(tree);
            return await readBackendStatus(read, { clock, yieldTurn });
          });
        })),
  );
}

function report(status: BackendStatus): Report {
  const before = reportBefore36({ ...status, totalPairs: status.totalKeys });
  const { version } = status;
  return {
    head: [...before.head, "version"],
    row: [...before.row, version],
    fields: [...before.fields, ["Version", version]],
    json: { ...before.json, version },
  };
}

function reportBefore36(status: BackendStatus): Report {
  const { hash, revision, totalPairs: totalKey, totalSizeBytes: totalSize } = status;
  return {
    head: ["hash", "revision", "total keys", "total size"],
    row: [hash.toString(16), String(revision), String(totalKey), humanBytes(totalSize)],
    fields: [
      ["Hash", String(hash)],
      ["Revision", String(revision)],
      ["Keys", String(totalKey)],
      ["Size", String(totalSize)],
    ],
    json: { hash, revision, totalKey, totalSize },
  };
}
