import { join } from "node:path";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import { hex16 } from "./file_name.ts";
import type { FileSystem } from "./file_system.ts";

/** A file of the log: its place in the row, and the index of the first entry it may hold. */
export interface WalSegment {
  readonly sequence: number;
  readonly index: number;
  readonly name: string;
}

const NAME_PATTERN = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/;

/** Files for a next segment: etcd's and our empty ones, and ours that have records but no name yet. */
const UNFINISHED_PATTERN = /^([0-9]+|[0-9a-f]{16}-[0-9a-f]{16}\.wal)\.tmp$/;

export function newWalSegment(sequence: number, index: number): WalSegment {
  return { sequence, index, name: `${hex16(sequence)}-${hex16(index)}.wal` };
}

/** Undefined if it is not a segment's name. */
export function parseWalSegment(name: string): WalSegment | undefined {
  const match = NAME_PATTERN.exec(name);
  if (match === null) return undefined;
  const sequence = parseInt(match[1], 16);
  const index = parseInt(match[2], 16);
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(index)) return undefined;
  return { sequence, index, name };
}

/** Whether a file in a log's directory is nothing but a preparation, which nobody needs later. */
export function isUnfinishedWalSegment(name: string): boolean {
  return UNFINISHED_PATTERN.test(name);
}

/** Whether there is a log in the directory, whole or not: this alone tells a restart from a start. */
export function haveWal(fileSystem: FileSystem, directory: string): boolean {
  if (fileSystem.stat(directory)?.isDirectory !== true) return false;
  return fileSystem.readDirectory(directory).some((name) => name.endsWith(".wal"));
}

/**
 * The segments of the log, oldest first. Older ones that do not join the rest are left out: they are
 * what a loss of power during a purge left behind.
 */
export function listWalSegments(fileSystem: FileSystem, directory: string): WalSegment[] {
  const segments: WalSegment[] = [];
  for (const name of fileSystem.readDirectory(directory)) {
    const segment = parseWalSegment(name);
    if (segment !== undefined) segments.push(segment);
  }
  segments.sort((a, b) => a.sequence - b.sequence);
  let first = segments.length - 1;
  while (first > 0 && segments[first - 1].sequence === segments[first].sequence - 1) first--;
  if (first < 0) {
    throw new DiskError({
      operation: "read the log in",
      path: directory,
      code: DiskErrorCode.CONFLICT,
      what: "there is no .wal file",
    });
  }
  return segments.slice(first);
}

/** The segments that hold what follows the entry of the given index, oldest first. */
export function selectWalSegments(
  fileSystem: FileSystem,
  directory: string,
  index: number,
): WalSegment[] {
  const segments = listWalSegments(fileSystem, directory);
  for (let i = segments.length - 1; i >= 0; i--) {
    if (segments[i].index <= index) return segments.slice(i);
  }
  throw new DiskError({
    operation: "read the log in",
    path: directory,
    code: DiskErrorCode.MISMATCH,
    what: `it starts with ${join(directory, segments[0].name)}, ` +
      `but entries from index ${index + 1} on are needed`,
    advice: "Put back the missing .wal files or restore a backup",
  });
}
