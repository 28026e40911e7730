// What the tests of the log share.

import { systemClock } from "../../base/clock.ts";
import { Prng } from "../../base/prng.ts";
import { type Entry, HardState } from "../../pb/raftpb.ts";
import type { Snapshot } from "../../pb/walpb.ts";
import type { FileSystem } from "../file_system.ts";
import { MemoryFileSystem, type MemoryFileSystemOptions } from "../memory_file_system.ts";
import type { Wal, WalOptions } from "../wal.ts";
import { openWal, type WalBatch } from "../wal_opening.ts";
import { type WalContents, WalReplay, WalSnapshotSearch, type WalStart } from "../wal_replay.ts";

/** A normal entry. */
export function newEntry(index: number, term: number, data?: Uint8Array): Entry {
  return { type: 0, term, index, data };
}

/** Consecutive entries with random data of up to `maxDataBytes`. */
export function newEntries(
  prng: Prng,
  range: { readonly first: number; readonly count: number; readonly term: number },
  maxDataBytes: number,
): Entry[] {
  return Array.from({ length: range.count }, (_, i) => {
    return newEntry(range.first + i, range.term, prng.bytes(prng.between(1, maxDataBytes)));
  });
}

/** Options for a log in `data/wal`, whose parent must be there. */
export function walOptions(fileSystem: FileSystem, segmentSizeBytes?: number): WalOptions {
  return { fileSystem, directory: "data/wal", clock: systemClock, segmentSizeBytes };
}

/**
 * Random numbers that differ from the first one on even for seeds that are close together, which
 * those of Prng itself do only later.
 */
export function newPrng(seed: number): Prng {
  const prng = new Prng(Math.imul(seed, 0x9e37_79b1));
  for (let i = 0; i < 48; i++) prng.uint32();
  return prng;
}

/** The start of a log that has no snapshot. */
export const BEGINNING: WalStart = { index: 0, term: 0 };

export const METADATA: Uint8Array = Uint8Array.of(8, 1, 16, 2);

/** A file system with the directory in which `walOptions` puts the log. */
export function newMemoryDisk(options: MemoryFileSystemOptions = {}): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem(options);
  fileSystem.makeDirectory("data");
  fileSystem.syncDirectoryNow("/");
  return fileSystem;
}

/** Reads a log and opens it for appending. */
export function reopenWal(options: WalOptions, start: WalStart = BEGINNING): Wal {
  const replay = new WalReplay(options.fileSystem, options.directory, start);
  while (replay.step());
  return openWal(options, replay);
}

/** One record that a test appended. */
export type Appended = { entry: Entry } | { state: HardState } | { snapshot: Snapshot };

/** What a log must say that holds these records, by the simplest reading of the rules. */
export function modelOf(records: readonly Appended[], start: WalStart): WalBatch {
  let hardState = HardState.create();
  let entries: Entry[] = [];
  for (const record of records) {
    if ("state" in record) hardState = record.state;
    else if ("entry" in record && record.entry.index > start.index) {
      const { entry } = record;
      entries = [...entries.filter((earlier) => earlier.index < entry.index), entry];
    }
  }
  return { hardState, entries };
}

/** Whether two logs say the same. */
export function sameBatch(a: WalBatch, b: WalBatch): boolean {
  return sameState(a.hardState, b.hardState) && sameEntries(a.entries, b.entries);
}

function sameState(a: HardState, b: HardState): boolean {
  return a.term === b.term && a.vote === b.vote && a.commit === b.commit;
}

export function sameEntries(a: readonly Entry[], b: readonly Entry[]): boolean {
  return a.length === b.length && a.every((entry, i) => {
    const other = b[i];
    return entry.index === other.index && entry.term === other.term &&
      (entry.data === undefined) === (other.data === undefined) &&
      (entry.data === undefined || other.data === undefined ||
        entry.data.length === other.data.length &&
          entry.data.every((byte, k) => byte === other.data?.[k]));
  });
}

/** Reads a whole log at once, without changing it. */
export function readWal(fileSystem: FileSystem, directory: string, start: WalStart): WalContents {
  const replay = new WalReplay(fileSystem, directory, start);
  while (replay.step());
  return replay.contents();
}

/** Finds the usable snapshots of a log at once. */
export function readWalSnapshots(fileSystem: FileSystem, directory: string): Snapshot[] {
  const search = new WalSnapshotSearch(fileSystem, directory);
  while (search.step());
  return search.snapshots();
}
