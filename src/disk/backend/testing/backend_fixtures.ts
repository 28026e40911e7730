// What the tests of this room share.

import assert from "node:assert/strict";
import { systemClock } from "../../../base/clock.ts";
import { ManualClock } from "../../../base/manual_clock.ts";
import { KeyValue } from "../../../pb/mvccpb.ts";
import { BTreeFile, type BTreeOptions } from "../../btree/btree_file.ts";
import type { ReadTransaction } from "../../btree/read_transaction.ts";
import { DiskError, DiskErrorCode } from "../../disk_error.ts";
import type { FileSystem } from "../../file_system.ts";
import { MemoryFileSystem } from "../../memory_file_system.ts";
import { BackendBatch } from "../backend_batch.ts";
import { ChangeWalk } from "../change_walk.ts";
import type { SliceOptions } from "../slices.ts";

export const PATH = "data/db";

const FILE_OPTIONS: BTreeOptions = {
  clock: systemClock,
  yieldTurn: () => Promise.resolve(),
  pageBytes: 1024,
};

/** A clock that stands: nothing is interrupted. */
export const UNINTERRUPTED: SliceOptions = {
  clock: new ManualClock(),
  yieldTurn: () => Promise.resolve(),
};

export function newDisk(): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem({ tracksUnsynced: false });
  fileSystem.makeDirectory("data");
  return fileSystem;
}

export function openFile(
  fileSystem: FileSystem = newDisk(),
  options: Partial<BTreeOptions> = {},
): Promise<BTreeFile> {
  return BTreeFile.open(fileSystem, PATH, { ...FILE_OPTIONS, ...options });
}

/** Makes a transaction of what `fill` puts into the batch. */
export async function commitBatch(
  file: BTreeFile,
  fill: (batch: BackendBatch) => void,
): Promise<void> {
  const batch = new BackendBatch(file.beginWrite());
  fill(batch);
  await batch.commit();
}

/** Puts the first version of a key, made of the fields that are given. */
export function putPair(
  batch: BackendBatch,
  main: number,
  fields: Partial<KeyValue> & { readonly key: string },
  sub = 0,
): KeyValue {
  const kv = KeyValue.create({ createRevision: main, modRevision: main, version: 1, ...fields });
  const bytes = KeyValue.encode(kv);
  batch.putChange(main, sub, false, bytes, 0, bytes.length);
  return kv;
}

export function putTombstone(batch: BackendBatch, main: number, key: string, sub = 0): void {
  const bytes = KeyValue.encode(KeyValue.create({ key }));
  batch.putChange(main, sub, true, bytes, 0, bytes.length);
}

/** What a walk over the changes tells. */
interface WalkedChange {
  readonly main: number;
  readonly sub: number;
  readonly tombstone: boolean;
  readonly bytes: Uint8Array;
}

export function walkChanges(read: ReadTransaction): WalkedChange[] {
  const changes: WalkedChange[] = [];
  const walk = new ChangeWalk(read, UNINTERRUPTED.clock);
  while (
    walk.step((main, sub, tombstone, bytes, start, end) => {
      changes.push({ main, sub, tombstone, bytes: bytes.slice(start, end) });
    })
  );
  return changes;
}

/** Reads the newest tree. */
export async function withRead<T>(
  file: BTreeFile,
  use: (read: ReadTransaction) => T | Promise<T>,
): Promise<T> {
  const read = file.beginRead();
  try {
    return await use(read);
  } finally {
    read.close();
  }
}

/** The damage that is found; fails for any other error and for none. */
export function damageIn(run: () => unknown): DiskError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof DiskError, String(error));
    assert.equal(error.code, DiskErrorCode.CORRUPT);
    assert.ok(error.message.includes(PATH));
    return error;
  }
  assert.fail("nothing was thrown");
}
