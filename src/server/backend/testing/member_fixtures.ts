// What the tests of a member's lasting state share.

import assert from "node:assert/strict";
import { setImmediate, setTimeout } from "node:timers/promises";
import { bytesFromText, latin1FromBytes } from "../../../base/bytes.ts";
import { ManualClock } from "../../../base/manual_clock.ts";
import { TurningClock } from "../../../base/turning_clock.ts";
import { ChangeWalk } from "../../../disk/backend/change_walk.ts";
import { hashKvOfFile } from "../../../disk/backend/file_hash_kv.ts";
import { readStoredState, type StoredState } from "../../../disk/backend/stored_state.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import type { ReadTransaction } from "../../../disk/btree/read_transaction.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { readFile } from "../../../disk/testing/files.ts";
import { CompactionRequest, PutRequest, RequestOp, TxnRequest } from "../../../pb/etcdserverpb.ts";
import { KeyValue } from "../../../pb/mvccpb.ts";
import type { EtcdServer } from "../../etcd_server.ts";
import type { Waiter } from "../../operations/operation.ts";
import { CompactionOperation, TxnOperation } from "../../operations/kv.ts";
import type { BackendConfig, ServerConfig } from "../../server_config.ts";
import { put, startServer, testConfig } from "../../testing/server_fixtures.ts";
import { WatchedDisk } from "./watched_disk.ts";

export const DB = "/data/member/snap/db";
export const SNAP = "/data/member/snap";

/** Some turns of the event loop: enough for what needs no timer and no held sync. */
const TURNS_TO_SETTLE = 12;
const PATIENCE_MS = 20_000;

/**
 * A clock on which, if a test wants it, time passes with every look, as if everything took long:
 * then all that works in turns makes the shortest turns it can.
 */
class BusyClock extends TurningClock {
  msPerLook = 0;
  #passedMs = 0;

  override monotonicMs(): number {
    this.#passedMs += this.msPerLook;
    return super.monotonicMs() + this.#passedMs;
  }
}

/** What a test can change of a member's configuration. */
export interface MemberOptions extends Partial<Omit<ServerConfig, "backend" | "disk">> {
  readonly backend?: Partial<BackendConfig>;
  readonly walSegmentSizeBytes?: number;
}

/** A running member on a disk and a clock that the test controls. */
export interface TestMember {
  readonly server: EtcdServer;
  readonly clock: BusyClock;
  readonly disk: WatchedDisk;
}

/** The configuration of a member on the disk. */
export function memberConfig(
  fileSystem: FileSystem | undefined,
  { backend, walSegmentSizeBytes, ...others }: MemberOptions = {},
): ServerConfig {
  const config = testConfig(fileSystem, others);
  return {
    ...config,
    disk: config.disk && { ...config.disk, forTests: { walSegmentSizeBytes } },
    backend: { ...config.backend, ...backend },
  };
}

/** Runs a member for the time of `use`; whatever happened in it, nothing of the member remains. */
export async function withMember(
  options: MemberOptions,
  use: (member: TestMember) => Promise<void>,
  disk: WatchedDisk = new WatchedDisk(),
): Promise<WatchedDisk> {
  const clock = new BusyClock();
  const server = await startServer(memberConfig(disk, { clock, ...options }));
  try {
    await use({ server, clock, disk });
  } finally {
    await server.stop();
  }
  assert.equal(clock.timerCount, 0, "no timer is left");
  assert.equal(disk.openFileCount, 0, "no file is left open");
  return disk;
}

/** Lets everything happen that needs neither time nor a sync that is held. */
export async function settle(): Promise<void> {
  for (let i = 0; i < TURNS_TO_SETTLE; i++) {
    await setImmediate();
    // Long work goes on in turns of timers.
    await setTimeout(0);
  }
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadlineMs, `it never came to it that ${what}`);
    await setImmediate();
    if (!condition()) await setTimeout(0);
  }
}

/** Whether a promise is settled, without waiting for it. */
export function watchEnd(promise: Promise<unknown>): { ended: boolean } {
  const state = { ended: false };
  const end = (): void => {
    state.ended = true;
  };
  promise.then(end, end);
  return state;
}

/** Puts keys `<prefix>0`, `<prefix>1`, ... at once, with values that tell their number. */
export async function putMany(
  server: EtcdServer,
  prefix: string,
  count: number,
  valueBytes = 10,
): Promise<void> {
  const puts = Array.from({ length: count }, (_, i) => {
    return put(server, `${prefix}${i}`, `${i} `.padEnd(valueBytes, "v"));
  });
  await Promise.all(puts);
}

/** Puts all keys in one revision, and so in one entry of the log. */
export async function putInOneTxn(server: EtcdServer, keys: readonly string[]): Promise<void> {
  const success = keys.map((key) => {
    return RequestOp.create({ requestPut: PutRequest.create({ key, value: bytesFromText("v") }) });
  });
  const request = TxnRequest.create({ success });
  await new Promise((applied, failed) => {
    const operation = new TxnOperation(request, { applied, failed });
    server.proposeEncoded(operation, TxnRequest.encode(request));
  });
}

/** Compacts; the inner promise resolves when the superseded revisions are gone from the file. */
export async function compact(
  server: EtcdServer,
  revision: number,
): Promise<{ readonly removed: Promise<void> }> {
  const request = CompactionRequest.create({ revision });
  return await new Promise((resolve, failed) => {
    const waiter: Waiter<Promise<void>> = { applied: (removed) => resolve({ removed }), failed };
    const operation = new CompactionOperation(request, waiter);
    server.proposeEncoded(operation, CompactionRequest.encode(request));
  });
}

/** How many checkpoints were written. */
export function checkpointCount(server: EtcdServer): number {
  return server.backend.durations.commits.total;
}

/** What the B-tree file holds at present, as somebody else sees it. */
interface FileContent extends StoredState {
  /** Of each change, in order: its revision and its key. */
  readonly changes: readonly string[];
  readonly hashKv: number;
}

export async function readDb(fileSystem: FileSystem, path = DB): Promise<FileContent> {
  return await withDb(fileSystem, path, async (read) => {
    const { hash } = await hashKvOfFile(read, 0, SLICES);
    return { ...readStoredState(read), changes: changesIn(read), hashKv: hash };
  });
}

/** Opens the file beside whoever else uses it. */
async function withDb<T>(
  fileSystem: FileSystem,
  path: string,
  use: (read: ReadTransaction) => Promise<T>,
): Promise<T> {
  const file = await BTreeFile.open(fileSystem, path, { ...SLICES, readOnly: true });
  const read = file.beginRead();
  try {
    return await use(read);
  } finally {
    read.close();
    await file.close();
  }
}

function changesIn(read: ReadTransaction): string[] {
  const changes: string[] = [];
  const walk = new ChangeWalk(read, SLICES.clock);
  while (
    walk.step((main, _sub, tombstone, bytes, start, end) => {
      const { key } = KeyValue.decode(bytes, start, end);
      changes.push(`${main} ${tombstone ? "-" : "+"}${key}`);
    })
  );
  return changes;
}

const SLICES = { clock: new ManualClock(), yieldTurn: () => Promise.resolve() };

/** The hash of what the member knows, to compare with that of its file. */
export function hashOfMemory({ store }: EtcdServer): number {
  const hash = store.hashKv(0);
  while (hash.step(1_000_000));
  return hash.hash;
}

/**
 * Changes the first byte of a text in a file, wherever it stands: pages that are free may still have
 * it. Returns the last place.
 */
export function breakText(fileSystem: FileSystem, path: string, text: string): number {
  const content = latin1FromBytes(readFile(fileSystem, path));
  let last = -1;
  for (let at = content.indexOf(text); at >= 0; at = content.indexOf(text, at + 1)) {
    overwrite(fileSystem, path, at, Uint8Array.of(text.charCodeAt(0) ^ 1));
    last = at;
  }
  assert.ok(last >= 0, `${path} has the text ${text}`);
  return last;
}

export function overwrite(
  fileSystem: FileSystem,
  path: string,
  position: number,
  bytes: Uint8Array,
): void {
  const file = fileSystem.open(path, "write");
  try {
    file.writeAt(bytes, 0, bytes.length, position);
  } finally {
    file.close();
  }
}
