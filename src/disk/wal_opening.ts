import { dirname, join } from "node:path";
import { assert } from "../base/assert.ts";
import { type Entry, HardState } from "../pb/raftpb.ts";
import { Snapshot } from "../pb/walpb.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import type { DiskFile, FileSystem } from "./file_system.ts";
import { DISK_LIMITS } from "./limits.ts";
import { Wal, type WalOptions } from "./wal.ts";
import { RecordEncoder } from "./wal_record.ts";
import type { WalReplay } from "./wal_replay.ts";
import { isUnfinishedWalSegment, listWalSegments, newWalSegment } from "./wal_segment.ts";

/** Entries with the state that belongs to them. */
export interface WalBatch {
  readonly hardState: HardState;
  readonly entries: readonly Entry[];
}

/** Where a log is built before it gets its name. */
export function unfinishedWalPath(directory: string): string {
  return `${directory}.tmp`;
}

/**
 * Makes a new log with the given metadata and first entries. It appears on the disk as a whole, so a
 * member that crashed meanwhile starts anew instead of finding a log that knows no members.
 */
export function createWal(options: WalOptions, metadata: Uint8Array, first?: WalBatch): Wal {
  const { fileSystem, directory } = options;
  refuseForeignFiles(fileSystem, directory);
  const segment = newWalSegment(0, 0);
  const encoder = encodeFirstSegment(metadata, first);
  const unfinished = unfinishedWalPath(directory);
  fileSystem.removeTree(unfinished);
  fileSystem.makeDirectory(unfinished);
  const file = fileSystem.open(join(unfinished, segment.name), "createNew");
  try {
    file.truncate(options.segmentSizeBytes ?? DISK_LIMITS.walSegmentSizeBytes);
    file.writeAt(encoder.buffer, 0, encoder.sizeBytes, 0);
    file.dataSyncNow();
  } finally {
    // Windows does not rename a directory with open files in it.
    file.close();
  }
  fileSystem.syncDirectoryNow(unfinished);
  fileSystem.removeTree(directory);
  fileSystem.rename(unfinished, directory);
  fileSystem.syncDirectoryNow(dirname(directory));
  return new Wal(options, {
    metadata,
    hardState: first === undefined ? HardState.create() : first.hardState,
    lastIndex: first?.entries.at(-1)?.index ?? 0,
    segments: [segment],
    firstNeededSequence: 0,
    file: fileSystem.open(join(directory, segment.name), "write"),
    offset: encoder.sizeBytes,
    crc: encoder.crc,
  });
}

/**
 * Opens a log for appending behind what the replay found; the replay must be done. A torn record at
 * the end is removed, and a copy of its segment kept, as etcd does.
 */
export function openWal(options: WalOptions, replay: WalReplay): Wal {
  const { fileSystem, directory } = options;
  const { metadata, hardState, entries } = replay.contents();
  const end = replay.end;
  assert(end !== undefined && replay.directory === directory, "this log was read to its end");
  for (const name of fileSystem.readDirectory(directory)) {
    if (isUnfinishedWalSegment(name)) fileSystem.remove(join(directory, name));
  }
  const path = join(directory, end.segment.name);
  if (end.isTorn) keepCopy(fileSystem, path);
  const needsHead = end.offset === 0 || !replay.lastHeadIsWhole;
  const encoder = new RecordEncoder(needsHead ? end.crcAtStart : end.crc);
  if (needsHead) encoder.segmentHead(metadata, hardState);
  const file = fileSystem.open(path, "write");
  return new Wal(options, {
    metadata,
    hardState,
    lastIndex: replay.start.index + entries.length,
    segments: listWalSegments(fileSystem, directory),
    firstNeededSequence: replay.segments[0].sequence,
    file,
    offset: clearBehind(file, needsHead ? 0 : end.offset, encoder, options),
    crc: encoder.crc,
  });
}

/** The new log replaces the directory; that must not cost anybody their files. */
function refuseForeignFiles(fileSystem: FileSystem, directory: string): void {
  if (fileSystem.stat(directory) === undefined) return;
  const foreign = fileSystem.readDirectory(directory).find((name) => !isUnfinishedWalSegment(name));
  if (foreign === undefined) return;
  throw new DiskError({
    operation: "make a log in",
    path: directory,
    code: DiskErrorCode.CONFLICT,
    what: `${foreign} is there already`,
    advice: "Choose a directory that is empty or not there",
  });
}

function encodeFirstSegment(metadata: Uint8Array, first: WalBatch | undefined): RecordEncoder {
  const encoder = new RecordEncoder(0);
  encoder.checksum();
  encoder.metadata(metadata);
  encoder.snapshot(Snapshot.create());
  if (first !== undefined) {
    encoder.entries(first.entries);
    encoder.hardState(first.hardState);
  }
  return encoder;
}

/**
 * Makes everything behind `offset` zero, writes there what is in the encoder and returns the new
 * end. Without the sync, a crash could put old records behind new ones.
 */
function clearBehind(
  file: DiskFile,
  offset: number,
  encoder: RecordEncoder,
  options: WalOptions,
): number {
  const segmentSizeBytes = options.segmentSizeBytes ?? DISK_LIMITS.walSegmentSizeBytes;
  try {
    file.truncate(offset);
    if (offset < segmentSizeBytes) file.truncate(segmentSizeBytes);
    file.dataSyncNow();
    if (encoder.sizeBytes > 0) {
      file.writeAt(encoder.buffer, 0, encoder.sizeBytes, offset);
      file.dataSyncNow();
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return offset + encoder.sizeBytes;
}

/** Copies a damaged segment to `<name>.broken`; its zeros take no room in the copy. */
function keepCopy(fileSystem: FileSystem, path: string): void {
  const source = fileSystem.open(path, "read");
  try {
    const copy = fileSystem.open(`${path}.broken`, "create");
    try {
      copyInto(source, copy);
    } finally {
      copy.close();
    }
  } finally {
    source.close();
  }
}

function copyInto(source: DiskFile, copy: DiskFile): void {
  const sizeBytes = source.size();
  const chunk = new Uint8Array(DISK_LIMITS.walReadChunkBytes);
  copy.truncate(0);
  copy.truncate(sizeBytes);
  for (let position = 0; position < sizeBytes;) {
    const count = source.readAt(chunk, 0, chunk.length, position);
    if (count === 0) break;
    if (chunk.some((byte) => byte !== 0)) copy.writeAt(chunk, 0, count, position);
    position += count;
  }
  copy.dataSyncNow();
}
