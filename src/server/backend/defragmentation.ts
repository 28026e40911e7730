import type { Clock } from "../../base/clock.ts";
import { compactCopy } from "../../disk/btree/compact_copy.ts";
import type { YieldTurn } from "../../disk/btree/turn_budget.ts";
import type { BackendFiles } from "./backend_files.ts";

/**
 * Copies the B-tree file into one without free pages, which then takes its place. Nobody may write
 * the file meanwhile; reading goes on. If it fails before the new file has taken its place, the old
 * one stays as it is.
 */
export async function defragment(
  files: BackendFiles,
  clock: Clock,
  yieldTurn: YieldTurn,
): Promise<void> {
  const path = files.newReplacementPath();
  const { fileSystem } = files;
  try {
    await copyFile(files, path, clock, yieldTurn);
    await files.replaceBy(path);
  } catch (error) {
    if (fileSystem.stat(path) !== undefined) fileSystem.remove(path);
    throw error;
  }
}

async function copyFile(
  { file, fileSystem }: BackendFiles,
  path: string,
  clock: Clock,
  yieldTurn: YieldTurn,
): Promise<void> {
  const read = file.beginRead();
  try {
    await compactCopy(read, { fileSystem, path, clock, yieldTurn });
  } finally {
    read.close();
  }
}
