import { dirname } from "node:path";
import type { FileSystem } from "../../../disk/file_system.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a backup is called until all of it is on the disk. */
export function partPath(path: string): string {
  return `${path}.part`;
}

/**
 * Writes a backup into a file that only its owner may read. The file has its name once all of it
 * is on the disk; before, and if that fails, what stood there stays.
 */
export async function writeSnapshotFile(
  fileSystem: FileSystem,
  path: string,
  snapshot: Snapshot,
  progressed: (addedBytes: number) => void,
): Promise<void> {
  const part = partPath(path);
  const file = fileSystem.open(part, "create");
  try {
    file.truncate(0);
    for await (const piece of snapshot) {
      file.writeAt(piece, 0, piece.length, snapshot.receivedBytes - piece.length);
      progressed(piece.length);
    }
    await file.dataSync();
    fileSystem.rename(part, path);
    await fileSystem.syncDirectory(dirname(path));
  } finally {
    file.close();
    if (fileSystem.stat(part) !== undefined) fileSystem.remove(part);
  }
}
