import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { Prng } from "../../src/base/prng.ts";
import { BackendBatch } from "../../src/disk/backend/backend_batch.ts";
import { hashKvOfFile } from "../../src/disk/backend/file_hash_kv.ts";
import { BTreeFile } from "../../src/disk/btree/btree_file.ts";
import type { ReadTransaction } from "../../src/disk/btree/read_transaction.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import type { HashKVResponse } from "../../src/pb/etcdserverpb.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";
import { MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { deleteOp, putOp, range, revisionOf, txn } from "../harness/kv_calls.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";

const missing = whyMissing("etcd");
if (missing !== undefined) console.log(`tests/disk: skipped, ${missing}`);

export const test = { ignore: missing !== undefined };
export const OPTIONS = { clock: systemClock, yieldTurn: () => setImmediate() };
export const LEASE_ID = 0x7edc_ba98_7654_3210n;
const fileSystem = new DenoFileSystem();

export async function withEtcd(
  use: (client: GrpcClient, server: ServerProcess) => Promise<void>,
  dataDir?: string,
): Promise<void> {
  const server = await ServerProcess.start("etcd", dataDir === undefined ? {} : { dataDir });
  const client = new GrpcClient(server.endpoint);
  try {
    await use(client, server);
  } finally {
    await client.close();
    await server.dispose();
  }
}

export async function withRead<T>(
  path: string,
  use: (read: ReadTransaction, file: BTreeFile) => Promise<T>,
): Promise<T> {
  const file = await BTreeFile.open(fileSystem, path, { ...OPTIONS, readOnly: true });
  const read = file.beginRead();
  try {
    return await use(read, file);
  } finally {
    read.close();
    await file.close();
  }
}

export async function writeFile(path: string, fill: (batch: BackendBatch) => void): Promise<void> {
  const file = await BTreeFile.open(fileSystem, path, OPTIONS);
  const batch = new BackendBatch(file.beginWrite());
  fill(batch);
  await batch.commit();
  assert.deepEqual(await file.check(), []);
  await file.close();
}

export async function allPairs(client: GrpcClient): Promise<KeyValue[]> {
  return (await range(client, "\0", { rangeEnd: "\0" })).kvs;
}

export function byKey(kvs: Iterable<KeyValue>): KeyValue[] {
  return [...kvs].sort((a, b) => a.key < b.key ? -1 : 1);
}

/** Puts, overwrites and deletions, of which many are in one revision. */
export async function load(client: GrpcClient, prng: Prng, txnCount: number): Promise<number> {
  let revision = 0;
  for (let i = 0; i < txnCount; i++) {
    const keys = new Set(Array.from({ length: prng.between(1, 30) }, () => prng.between(0, 400)));
    const success = [...keys].map((key) => {
      if (prng.chance(0.3)) return deleteOp(`k${key}`);
      const size = prng.chance(0.01) ? prng.between(5000, 20_000) : prng.between(0, 300);
      const lease = prng.chance(0.1) ? LEASE_ID : 0n;
      return putOp(`k${key}`, `${i}`.padEnd(size, "v"), { lease });
    });
    revision = revisionOf(await txn(client, { success }));
  }
  return revision;
}

export function askHashKv(client: GrpcClient, revision: number): Promise<HashKVResponse> {
  return client.call(MAINTENANCE_SERVICE.hashKv, { revision });
}

export async function assertHashKv(
  read: ReadTransaction,
  revision: number,
  { hash, compactRevision }: HashKVResponse,
): Promise<void> {
  const actual = await hashKvOfFile(read, revision, OPTIONS);
  assert.deepEqual(actual, { hash, compactRevision, hashRevision: revision });
}
