import { dirname } from "node:path";
import type { DataDir } from "../../disk/data_dir.ts";
import type { FileSystem } from "../../disk/file_system.ts";

/**
 * Brings to the disk what the process before has written and was killed before it could sync: names
 * of directories and log segments, pages of the B-tree file. We read all that as if it were safe,
 * and acknowledge writes that build on it; a loss of power must not take it from under them.
 *
 * What is in the log's last segment is synced when the log is opened for appending.
 */
export function syncFoundData(fileSystem: FileSystem, directory: DataDir): void {
  for (const path of directoriesToSync(directory)) fileSystem.syncDirectoryNow(path);
  const file = fileSystem.open(directory.dbPath, "write");
  try {
    file.dataSyncNow();
  } finally {
    file.close();
  }
}

/** A member that has a log has made its directories safe before it made the log. */
function directoriesToSync(directory: DataDir): Set<string> {
  const { path, snapPath, walPath } = directory;
  if (directory.hasWal()) return new Set([dirname(walPath), walPath, snapPath]);
  return new Set([dirname(path), path, dirname(snapPath), dirname(walPath)]);
}
