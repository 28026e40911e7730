import { join } from "node:path";
import { crc32c } from "../base/crc32c.ts";
import { DecodeError } from "../pb/decode_error.ts";
import { Snapshot } from "../pb/raftpb.ts";
import { Snapshot as SnapFile } from "../pb/snappb.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import { hex16 } from "./file_name.ts";
import type { DiskFile, FileSystem } from "./file_system.ts";
import { DISK_LIMITS } from "./limits.ts";

const NAME_PATTERN = /^[0-9a-f]{16}-[0-9a-f]{16}\.snap$/;

/** The name of the file for a snapshot. */
export function snapFileName(term: number, index: number): string {
  return `${hex16(term)}-${hex16(index)}.snap`;
}

/** The snapshot files in a directory, newest first. */
export function listSnapFiles(fileSystem: FileSystem, directory: string): string[] {
  return fileSystem.readDirectory(directory).filter((name) => NAME_PATTERN.test(name)).reverse();
}

/** Writes a snapshot's file; it is safe on return. The caller records it in the log afterwards. */
export function writeSnapFile(
  fileSystem: FileSystem,
  directory: string,
  snapshot: Snapshot,
): void {
  const { term = 0, index = 0 } = snapshot.metadata ?? {};
  const data = Snapshot.encode(snapshot);
  const bytes = SnapFile.encode({ crc: crc32c(data), data });
  const file = fileSystem.open(join(directory, snapFileName(term, index)), "create");
  try {
    file.truncate(0);
    file.writeAt(bytes, 0, bytes.length, 0);
    file.dataSyncNow();
  } finally {
    file.close();
  }
  fileSystem.syncDirectoryNow(directory);
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
