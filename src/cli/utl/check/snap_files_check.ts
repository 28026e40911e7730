import { join } from "node:path";
import { decodeV2Store } from "../../../core/members/v2_store_json.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { listSnapFiles, readSnapFile, snapFileName } from "../../../disk/snap_file.ts";
import type { Findings } from "./findings.ts";

/** Checks all snapshot files of a directory. */
export async function checkSnapFiles(
  fileSystem: FileSystem,
  directory: string,
  findings: Findings,
): Promise<void> {
  for (const name of listSnapFiles(fileSystem, directory)) {
    await findings.attempt(() => checkSnapFile(fileSystem, join(directory, name), name, findings));
  }
}

/** Checks the file's own checksum, its name and the member list in it. */
export function checkSnapFile(
  fileSystem: FileSystem,
  path: string,
  name: string,
  findings: Findings,
): void {
  const { data, metadata } = readSnapFile(fileSystem, path);
  const rightName = snapFileName(metadata.term, metadata.index);
  if (name !== rightName) findings.add(path, undefined, `its content is that of ${rightName}`);
  // From 3.8 on there is none.
  if (data === undefined || data.length === 0) return;
  try {
    decodeV2Store(data);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    findings.add(path, undefined, error.message);
  }
}
