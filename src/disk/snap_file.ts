import { join } from "node:path";
import { assert } from "../base/assert.ts";
import { crc32c } from "../base/crc32c.ts";
import { DecodeError } from "../pb/decode_error.ts";
import { Snapshot } from "../pb/raftpb.ts";
import { Snapshot as SnapFile } from "../pb/snappb.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import { hex16 } from "./file_name.ts";
import type { DiskFile, FileSystem } from "./file_system.ts";
import { DISK_LIMITS } from "./limits.ts";

const NAME_PATTERN = /^([0-9a-f]{16})-([0-9a-f]{16})\.snap$/;

/** The B-tree file that came with a snapshot from the leader, until it takes the place of `db`. */
const SNAP_DB_PATTERN = /^([0-9a-f]{16})\.snap\.db$/;

/** Which entry of the log a snapshot was made behind. */
export interface SnapPosition {
  readonly term: number;
  readonly index: number;
}

/** The name of the file for a snapshot. */
export function snapFileName(term: number, index: number): string {
  return `${hex16(term)}-${hex16(index)}.snap`;
}

/** What such a name says. Throws for any other name. */
export function parseSnapFileName(name: string): SnapPosition {
  const match = NAME_PATTERN.exec(name);
  assert(match !== null, "only the names of snapshot files are parsed");
  return { term: Number.parseInt(match[1], 16), index: Number.parseInt(match[2], 16) };
}

/** The snapshot files in a directory, newest first. */
export function listSnapFiles(fileSystem: FileSystem, directory: string): string[] {
  return fileSystem.readDirectory(directory).filter((name) => NAME_PATTERN.test(name)).reverse();
}

/**
 * Removes all snapshot files but the newest `keptCount` (with 0, none is removed) and, whatever its
 * age, that of the snapshot at `neededIndex`.
 */
export function purgeSnapFiles(
  fileSystem: FileSystem,
  directory: string,
  keptCount: number,
  neededIndex: number,
): void {
  if (keptCount === 0) return;
  for (const name of listSnapFiles(fileSystem, directory).slice(keptCount)) {
    if (parseSnapFileName(name).index !== neededIndex) fileSystem.remove(join(directory, name));
  }
}

/**
 * Removes the B-tree files that came with snapshots before `index`: they were used or are of no use
 * any more. One that came later may be what the member has to start with.
 */
export function removeSnapDbsBefore(
  fileSystem: FileSystem,
  directory: string,
  index: number,
): void {
  for (const name of fileSystem.readDirectory(directory)) {
    const match = SNAP_DB_PATTERN.exec(name);
    if (match === null || Number.parseInt(match[1], 16) >= index) continue;
    fileSystem.remove(join(directory, name));
  }
}

/**
 * Writes a snapshot's file; it is safe once the promise is fulfilled. The caller records it in the
 * log afterwards.
 */
export async function writeSnapFile(
  fileSystem: FileSystem,
  directory: string,
  snapshot: Snapshot,
): Promise<void> {
  const bytes = encodeSnapFile(snapshot);
  await writeSnapFileBytes(fileSystem, directory, snapshot.metadata, bytes);
}

/** What stands in the file of a snapshot. */
export function encodeSnapFile(snapshot: Snapshot): Uint8Array {
  const data = Snapshot.encode(snapshot);
  return SnapFile.encode({ crc: crc32c(data), data });
}

/** Writes what `encodeSnapFile()` made; it is safe once the promise is fulfilled. */
export async function writeSnapFileBytes(
  fileSystem: FileSystem,
  directory: string,
  { term, index }: SnapPosition,
  bytes: Uint8Array,
): Promise<void> {
  const file = fileSystem.open(join(directory, snapFileName(term, index)), "create");
  try {
    file.truncate(0);
    file.writeAt(bytes, 0, bytes.length, 0);
    await file.dataSync();
  } finally {
    file.close();
  }
  await fileSystem.syncDirectory(directory);
}

/**
 * Reads the newest of the snapshots that are accepted, which are those that the log has a record
 * of: a file may have been written without the record that makes it count. Broken files are set
 * aside as etcd does and told to `onBroken`. Undefined if none can be used.
 */
export function newestSnapFile(
  fileSystem: FileSystem,
  directory: string,
  accepts: (position: SnapPosition) => boolean,
  onBroken: (error: DiskError) => void = () => {},
): Snapshot | undefined {
  for (const name of listSnapFiles(fileSystem, directory)) {
    const snapshot = readUnlessBroken(fileSystem, join(directory, name), onBroken);
    if (snapshot !== undefined && accepts(snapshot.metadata)) return snapshot;
  }
  return undefined;
}

function readUnlessBroken(
  fileSystem: FileSystem,
  path: string,
  onBroken: (error: DiskError) => void,
): Snapshot | undefined {
  try {
    return readSnapFile(fileSystem, path);
  } catch (error) {
    // A disk that fails to read says nothing about the file.
    if (!(error instanceof DiskError) || error.code !== DiskErrorCode.CORRUPT) throw error;
    setSnapFileAside(fileSystem, path);
    onBroken(error);
    return undefined;
  }
}

/** Reads a snapshot's file. Throws a DiskError for one that is not whole. */
export function readSnapFile(fileSystem: FileSystem, path: string): Snapshot {
  const bytes = readAll(fileSystem, path);
  try {
    const { crc, data } = SnapFile.decode(bytes);
    // etcd takes a file without a checksum or without content for a broken one.
    if (crc === 0 || data === undefined || data.length === 0) {
      throw broken(path, "it has no checksum or no content");
    }
    if (crc32c(data) !== crc) throw broken(path, "the checksum differs");
    return Snapshot.decode(data);
  } catch (error) {
    if (error instanceof DecodeError) {
      throw broken(path, `the content cannot be parsed (${error.message})`, error);
    }
    throw error;
  }
}

/** Puts a broken file out of the way, as etcd does. */
export function setSnapFileAside(fileSystem: FileSystem, path: string): void {
  fileSystem.rename(path, `${path}.broken`);
}

function readAll(fileSystem: FileSystem, path: string): Uint8Array {
  const file = fileSystem.open(path, "read");
  try {
    return readWhole(file);
  } finally {
    file.close();
  }
}

function readWhole(file: DiskFile): Uint8Array {
  const sizeBytes = file.size();
  if (sizeBytes > DISK_LIMITS.snapFileBytes) {
    throw broken(file.path, `it has ${sizeBytes} bytes, which no snapshot file can have`);
  }
  const bytes = new Uint8Array(sizeBytes);
  const count = file.readAt(bytes, 0, sizeBytes, 0);
  return bytes.subarray(0, count);
}

function broken(path: string, what: string, cause?: unknown): DiskError {
  return new DiskError({
    operation: "read the snapshot",
    path,
    code: DiskErrorCode.CORRUPT,
    what,
    advice: "An older snapshot will do if the log still has what follows it",
    cause,
  });
}
