// What the tests of starting a member share.

import assert from "node:assert/strict";
import { messageOf } from "../../../base/error_message.ts";
import type { LogFields, Logger } from "../../../base/log.ts";
import { ManualClock } from "../../../base/manual_clock.ts";
import { Prng } from "../../../base/prng.ts";
import { BackendBatch } from "../../../disk/backend/backend_batch.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import type { WriteTransaction } from "../../../disk/btree/write_transaction.ts";
import { readFile } from "../../../disk/testing/files.ts";
import { DB, memberConfig, type MemberOptions } from "../../backend/testing/member_fixtures.ts";
import { WatchedDisk } from "../../backend/testing/watched_disk.ts";
import { EtcdServer } from "../../etcd_server.ts";

/** Remembers what was logged. */
export class RecordingLogger implements Logger {
  readonly lines: { readonly message: string; readonly fields: LogFields }[] = [];

  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ message, fields });
  }

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ message, fields });
  }

  /** The fields of the only line with this message. */
  fieldsOf(message: string): LogFields {
    const found = this.lines.filter((line) => line.message === message);
    assert.equal(found.length, 1, `one line says ${message}`);
    return found[0].fields;
  }
}

/** A disk with what this one holds now: what a member finds that was killed at this moment. */
export function copyOf(disk: WatchedDisk): WatchedDisk {
  return new WatchedDisk(disk.memory.afterCrash(new Prng(1), "kept"));
}

/** Puts a file of one disk in the place of that of another. */
export function transplant(from: WatchedDisk, to: WatchedDisk, path: string): void {
  const bytes = readFile(from, path);
  const file = to.open(path, "create");
  file.truncate(0);
  file.writeAt(bytes, 0, bytes.length, 0);
  file.close();
}

/** A member as it is before it begins to work: nothing of the log is applied by it yet. */
export async function withUnstarted(
  disk: WatchedDisk,
  options: MemberOptions,
  use: (server: EtcdServer, logger: RecordingLogger) => void | Promise<void>,
): Promise<void> {
  const logger = new RecordingLogger();
  const clock = new ManualClock();
  const server = await EtcdServer.open(memberConfig(disk, { clock, logger, ...options }));
  try {
    await use(server, logger);
  } finally {
    await server.stop();
  }
  assert.equal(disk.openFileCount, 0, "no file is left open");
}

/** What a start that must fail says; nothing stays open or locked behind it. */
export async function refusalOf(disk: WatchedDisk, options: MemberOptions = {}): Promise<string> {
  const message = await failureOf(disk, options);
  assert.equal(disk.openFileCount, 0, "no file is left open");
  assert.equal(await failureOf(disk, options), message, "the directory is not locked");
  return message;
}

export async function failureOf(
  disk: WatchedDisk,
  options: MemberOptions = {},
): Promise<string> {
  try {
    await EtcdServer.open(memberConfig(disk, options));
  } catch (error) {
    return messageOf(error);
  }
  assert.fail("the member starts");
}

/** Changes the B-tree file of a member that does not run. */
export async function changeDb(
  disk: WatchedDisk,
  change: (batch: BackendBatch, write: WriteTransaction) => void,
): Promise<void> {
  const clock = new ManualClock();
  const yieldTurn = (): Promise<void> => Promise.resolve();
  const file = await BTreeFile.open(disk, DB, { clock, yieldTurn });
  const write = file.beginWrite();
  const batch = new BackendBatch(write);
  change(batch, write);
  await batch.commit();
  await file.close();
}
