import { dirname } from "node:path";
import type { FileSystem } from "./file_system.ts";

/** Makes a directory, and those above it, so that it survives a loss of power. */
export function makeDirectories(fileSystem: FileSystem, path: string): void {
  if (fileSystem.stat(path) !== undefined) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectories(fileSystem, parent);
  fileSystem.makeDirectory(path);
  fileSystem.syncDirectoryNow(parent);
}
