import assert from "node:assert/strict";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { bytesFromText } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { Prng } from "../../src/base/prng.ts";
import { withDirectory } from "../../src/base/testing/with_directory.ts";
import { BackendBatch } from "../../src/disk/backend/backend_batch.ts";
import { readBackendStatus } from "../../src/disk/backend/backend_status.ts";
import { ChangeWalk } from "../../src/disk/backend/change_walk.ts";
import { hashBackend } from "../../src/disk/backend/file_hash.ts";
import { hashKvOfFile } from "../../src/disk/backend/file_hash_kv.ts";
import { FilePairs } from "../../src/disk/backend/file_pairs.ts";
import { readStoredState, type StoredState } from "../../src/disk/backend/stored_state.ts";
import { BTreeFile } from "../../src/disk/btree/btree_file.ts";
import type { ReadTransaction } from "../../src/disk/btree/read_transaction.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import {
  AlarmAction,
  AlarmMember,
  AlarmType,
  type HashKVResponse,
} from "../../src/pb/etcdserverpb.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";
import { ConfState } from "../../src/pb/raftpb.ts";
import {
  CLUSTER_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
  MAINTENANCE_SERVICE,
} from "../../src/pb/services.ts";
import { ctlLines, ctlText } from "../harness/etcdctl.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { deleteOp, deleteRange, put, putOp, range, revisionOf, txn } from "../harness/kv_calls.ts";
import { freePorts, ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";

const missing = whyMissing("etcd");
if (missing !== undefined) console.log(`tests/disk: skipped, ${missing}`);
const test = { ignore: missing !== undefined };

const OPTIONS = { clock: systemClock, yieldTurn: () => setImmediate() };
const LEASE_ID = 0x7edc_ba98_7654_3210n;

const fileSystem = new DenoFileSystem();

async function withEtcd(
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

async function withRead<T>(
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

async function writeFile(path: string, fill: (batch: BackendBatch) => void): Promise<void> {
  const file = await BTreeFile.open(fileSystem, path, OPTIONS);
  const batch = new BackendBatch(file.beginWrite());
  fill(batch);
  await batch.commit();
  assert.deepEqual(await file.check(), []);
  await file.close();
}

async function allPairs(client: GrpcClient): Promise<KeyValue[]> {
  return (await range(client, "\0", { rangeEnd: "\0" })).kvs;
}

function byKey(kvs: Iterable<KeyValue>): KeyValue[] {
  return [...kvs].sort((a, b) => a.key < b.key ? -1 : 1);
}

/** Puts, overwrites and deletions, of which many are in one revision. */
async function load(client: GrpcClient, prng: Prng, txnCount: number): Promise<number> {
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

function askHashKv(client: GrpcClient, revision: number): Promise<HashKVResponse> {
  return client.call(MAINTENANCE_SERVICE.hashKv, { revision });
}

async function assertHashKv(
  read: ReadTransaction,
  revision: number,
  { hash, compactRevision }: HashKVResponse,
): Promise<void> {
  const actual = await hashKvOfFile(read, revision, OPTIONS);
  assert.deepEqual(actual, { hash, compactRevision, hashRevision: revision });
}

/** The latest pairs, by the walk over the changes and then by reading each of them. */
function latestPairs(read: ReadTransaction, file: BTreeFile): KeyValue[] {
  const latest = new Map<string, readonly [number, number]>();
  const walk = new ChangeWalk(read, systemClock);
  while (
    walk.step((main, sub, tombstone, bytes, start, end) => {
      const { key } = KeyValue.decode(bytes.slice(start, end));
      latest.delete(key);
      if (!tombstone) latest.set(key, [main, sub]);
    })
  );
  const pairs = new FilePairs(file);
  const kvs = [...latest.values()].map(([main, sub]) => {
    const { bytes, start, end } = pairs.read(main, sub);
    return KeyValue.decode(bytes, start, end);
  });
  pairs.close();
  return byKey(kvs);
}

/** All kinds of state besides keys that etcd 3.4 keeps in its file. */
async function makeState(client: GrpcClient, server: ServerProcess): Promise<void> {
  await client.call(LEASE_SERVICE.leaseGrant, { id: LEASE_ID, ttl: 4711 });
  await client.call(LEASE_SERVICE.leaseGrant, { id: 3n, ttl: 100 });
  await client.call(LEASE_SERVICE.leaseGrant, { id: 4n, ttl: 100 });
  await client.call(LEASE_SERVICE.leaseRevoke, { id: 4n });
  await ctlLines(server, ["user", "add", "somebody:secret"]);
  const { member } = await client.call(CLUSTER_SERVICE.memberAdd, {
    peerUrls: ["http://127.0.0.1:1"],
    isLearner: true,
  });
  await client.call(CLUSTER_SERVICE.memberRemove, { id: member?.id ?? 0n });
}

function assertState(state: StoredState, members: StoredState["members"]): void {
  assert.deepEqual(state.members, members);
  assert.equal(state.removedMembers.length, 1);
  assert.equal(state.clusterVersion, "3.4.0");
  assert.deepEqual(state.leases, [
    { id: 3n, ttlSeconds: 100, remainingTtlSeconds: 0 },
    { id: LEASE_ID, ttlSeconds: 4711, remainingTtlSeconds: 0 },
  ]);
  assert.deepEqual(state.alarms, [
    AlarmMember.create({ memberId: 77n, alarm: AlarmType.NOSPACE }),
  ]);
  // What only later versions write.
  assert.equal(state.term, 0);
  assert.equal(state.confState, undefined);
  assert.equal(state.storageVersion, undefined);
}

Deno.test({
  ...test,
  name: "what etcd's file says is what etcd answered: state, pairs, HashKV, Hash",
  fn: () =>
    withEtcd(async (client, server) => {
      const prng = new Prng(1);
      await makeState(client, server);
      const compacted = await load(client, prng, 60) - 15;
      await client.call(KV_SERVICE.compact, { revision: compacted, physical: true });
      const last = await load(client, prng, 60);
      const hashes: HashKVResponse[] = [];
      // etcd 3.4 refuses the compacted revision itself.
      for (let revision = compacted + 1; revision <= last; revision += 7) {
        hashes.push(await askHashKv(client, revision));
      }
      const pairs = await allPairs(client);
      const { members } = await client.call(CLUSTER_SERVICE.memberList);
      // etcd 3.4 counts on only with entries that change keys, although it stores the others' effect.
      const { raftAppliedIndex } = await client.call(MAINTENANCE_SERVICE.status);
      await client.call(MAINTENANCE_SERVICE.alarm, {
        action: AlarmAction.ACTIVATE,
        memberId: 77n,
        alarm: AlarmType.NOSPACE,
      });
      const { hash } = await client.call(MAINTENANCE_SERVICE.hash);
      await client.close();
      await server.stop();

      await withRead(join(server.dataDir, "member", "snap", "db"), async (read, file) => {
        const state = readStoredState(read);
        assertState(state, members.map((member) => ({ ...member })));
        assert.equal(state.consistentIndex, raftAppliedIndex);
        assert.equal(state.scheduledCompactRevision, compacted);
        assert.equal(state.finishedCompactRevision, compacted);
        assert.deepEqual(latestPairs(read, file), pairs);
        assert.equal(await hashBackend(read, { ...OPTIONS, skipMeta: true }), hash);
        for (let i = 0; i < hashes.length; i++) {
          await assertHashKv(read, compacted + 1 + i * 7, hashes[i]);
        }
        assert.ok(hashes.length > 5);
        const { totalKeys, revision } = await readBackendStatus(read, OPTIONS);
        assert.equal(totalKeys, pairs.length);
        assert.equal(revision, last);
      });
    }),
});

Deno.test({
  ...test,
  name: "hashKvOfFile() gives etcd's HashKV also where the compaction is still to be done",
  fn: () =>
    withDirectory((directory) =>
      withEtcd(async (client, server) => {
        await client.call(LEASE_SERVICE.leaseGrant, { id: LEASE_ID, ttl: 4711 });
        const last = await load(client, new Prng(2), 80);
        const path = join(directory, "db");
        await ctlLines(server, ["snapshot", "save", path]);
        for (const revision of [2, 40, last]) {
          const expected = await askHashKv(client, revision);
          assert.equal(expected.compactRevision, -1);
          await withRead(path, (read) => assertHashKv(read, revision, expected));
        }
        for (const compacted of [20, 33, last - 10]) {
          await client.call(KV_SERVICE.compact, { revision: compacted, physical: true });
          await writeFile(path, (batch) => batch.setScheduledCompactRevision(compacted));
          for (const revision of [compacted + 1, last - 9, last]) {
            const expected = await askHashKv(client, revision);
            assert.equal(expected.compactRevision, compacted);
            await withRead(path, (read) => assertHashKv(read, revision, expected));
          }
        }
        // Where nothing exists any more, what the compaction left counts.
        const revision = revisionOf(await deleteRange(client, "\0", { rangeEnd: "\0" }));
        const expected = await askHashKv(client, revision);
        await ctlLines(server, ["snapshot", "save", path]);
        await withRead(path, (read) => assertHashKv(read, revision, expected));
      })
    ),
});

interface Place {
  readonly main: number;
  readonly sub: number;
  readonly tombstone: boolean;
}

/** What a member would have its file say. */
class MemberModel {
  readonly live = new Map<string, KeyValue>();
  readonly #places = new Map<string, Place>();
  #superseded: Place[] = [];

  put(batch: BackendBatch, main: number, sub: number, fields: Partial<KeyValue>): void {
    const { key = "" } = fields;
    const before = this.live.get(key);
    const kv = KeyValue.create({
      ...fields,
      createRevision: before?.createRevision ?? main,
      modRevision: main,
      version: (before?.version ?? 0) + 1,
    });
    this.#change(batch, { main, sub, tombstone: false }, key, KeyValue.encode(kv));
    this.live.set(key, kv);
  }

  delete(batch: BackendBatch, main: number, sub: number, key: string): void {
    const place = { main, sub, tombstone: true };
    this.#change(batch, place, key, KeyValue.encode(KeyValue.create({ key })));
    this.#superseded.push(place);
    this.live.delete(key);
    this.#places.delete(key);
  }

  /** Everything up to now. */
  compact(batch: BackendBatch, revision: number): void {
    for (const { main, sub, tombstone } of this.#superseded) {
      batch.removeChange(main, sub, tombstone);
    }
    this.#superseded = [];
    batch.setScheduledCompactRevision(revision);
    batch.setFinishedCompactRevision(revision);
  }

  #change(batch: BackendBatch, place: Place, key: string, bytes: Uint8Array): void {
    const { main, sub, tombstone } = place;
    batch.putChange(main, sub, tombstone, bytes, 0, bytes.length);
    const before = this.#places.get(key);
    if (before !== undefined) this.#superseded.push(before);
    this.#places.set(key, place);
  }
}

/** Some changes of one revision. */
function changeSome(model: MemberModel, batch: BackendBatch, main: number, prng: Prng): void {
  const keys = new Set(
    Array.from({ length: prng.between(1, 4) }, () => `k${prng.between(0, 700)}`),
  );
  let sub = 0;
  for (const key of keys) {
    if (model.live.has(key) && prng.chance(0.3)) {
      model.delete(batch, main, sub++, key);
      continue;
    }
    const value = bytesFromText("v".repeat(prng.chance(0.01) ? 9000 : prng.between(0, 300)));
    model.put(batch, main, sub++, { key, value, lease: prng.chance(0.1) ? LEASE_ID : 0n });
  }
}

async function writeMemberFile(path: string, lastRevision: number): Promise<KeyValue[]> {
  const prng = new Prng(3);
  const model = new MemberModel();
  for (let main = 2; main <= lastRevision;) {
    await writeFile(path, (batch) => {
      if (main > 2) model.compact(batch, main - 1);
      const end = Math.min(main + 250, lastRevision + 1);
      for (; main < end; main++) changeSome(model, batch, main, prng);
      putState(batch, main);
    });
  }
  return byKey(model.live.values());
}

function putState(batch: BackendBatch, index: number): void {
  batch.setConsistentIndex(index, 2);
  batch.setConfState(ConfState.create({ voters: [77n] }));
  batch.setStorageVersion("3.6.0");
  batch.setClusterVersion("3.4.0");
  batch.putLease({ id: LEASE_ID, ttlSeconds: 4711, remainingTtlSeconds: 1000 });
  batch.putLease({ id: 3n, ttlSeconds: 100, remainingTtlSeconds: 0 });
  batch.deleteLease(3n);
  batch.replaceAlarms([AlarmMember.create({ memberId: 77n, alarm: AlarmType.NOSPACE })]);
}

/** Has etcd make a data directory of a file, as for a backup without a checksum. */
async function restore(path: string, dataDir: string): Promise<void> {
  const [peerPort] = await freePorts(1);
  const peer = `http://127.0.0.1:${peerPort}`;
  await ctlText([
    ...["snapshot", "restore", path, `--data-dir=${dataDir}`, "--skip-hash-check"],
    ...["--name=default", `--initial-cluster=default=${peer}`],
    `--initial-advertise-peer-urls=${peer}`,
  ]);
}

/** What `snapshot restore --bump-revision --mark-compacted` of later versions does to a file. */
async function raiseRevision(path: string, revision: number): Promise<void> {
  await writeFile(path, (batch) => {
    batch.putChange(revision, 0, false, new Uint8Array(0), 0, 0);
    batch.setScheduledCompactRevision(revision);
  });
}

Deno.test({
  ...test,
  name: "hashKvOfFile() gives etcd's HashKV for a backup restored with a raised revision",
  fn: () =>
    withDirectory(async (directory) => {
      const path = join(directory, "db");
      const dataDir = join(directory, "restored");
      await writeMemberFile(path, 300);
      await writeFile(path, (batch) => batch.replaceAlarms([]));
      await raiseRevision(path, 5000);
      const { totalKeys } = await withRead(path, (read) => readBackendStatus(read, OPTIONS));
      await restore(path, dataDir);
      await withEtcd(async (client, server) => {
        assert.equal((await allPairs(client)).length, totalKeys);
        await put(client, "new", "value");
        const [added] = (await range(client, "new")).kvs;
        assert.equal(added.modRevision, 5001);
        const expected = await askHashKv(client, 5001);
        assert.equal(expected.compactRevision, 5000);
        await client.close();
        await server.stop();
        const dbPath = join(dataDir, "member", "snap", "db");
        await withRead(dbPath, (read) => assertHashKv(read, 5001, expected));
        // The same where the compaction is still to be done.
        await writeFile(path, (batch) => {
          const bytes = KeyValue.encode(added);
          batch.putChange(5001, 0, false, bytes, 0, bytes.length);
        });
        await withRead(path, (read) => assertHashKv(read, 5001, expected));
      }, dataDir);
    }),
});

Deno.test({
  ...test,
  name: "etcdctl and etcd read what BackendBatch wrote: status, restore, pairs, leases, alarms",
  fn: () =>
    withDirectory(async (directory) => {
      const path = join(directory, "db");
      const last = 2000;
      const pairs = await writeMemberFile(path, last);
      assert.ok(pairs.length > 300);
      await withRead(path, async (read, file) => {
        const status = await readBackendStatus(read, OPTIONS);
        assert.deepEqual(JSON.parse(await ctlText(["snapshot", "status", path, "-w", "json"])), {
          hash: status.hash,
          revision: last,
          totalKey: status.totalPairs,
          totalSize: status.totalSizeBytes,
        });
        assert.equal(status.totalKeys, pairs.length);
        assert.equal(status.version, "3.6.0");
        assert.deepEqual(latestPairs(read, file), pairs);
      });
      await restore(path, join(directory, "restored"));
      await withEtcd((client) => assertServed(client, path, pairs), join(directory, "restored"));
    }),
});

async function assertServed(
  client: GrpcClient,
  path: string,
  pairs: readonly KeyValue[],
): Promise<void> {
  assert.deepEqual(await allPairs(client), pairs);
  const compacted = 1751;
  for (const revision of [compacted + 1, 1900, 2000]) {
    const expected = await askHashKv(client, revision);
    assert.equal(expected.compactRevision, compacted);
    await withRead(path, (read) => assertHashKv(read, revision, expected));
  }
  const { leases } = await client.call(LEASE_SERVICE.leaseLeases);
  assert.deepEqual(leases.map(({ id }) => id), [LEASE_ID]);
  const lease = await client.call(LEASE_SERVICE.leaseTimeToLive, { id: LEASE_ID, keys: true });
  assert.equal(lease.grantedTtl, 4711);
  assert.ok(lease.ttl <= 1000 && lease.ttl > 900, `${lease.ttl}`);
  assert.equal(lease.keys.length, pairs.filter((kv) => kv.lease === LEASE_ID).length);
  const alarm = { action: AlarmAction.DEACTIVATE, memberId: 77n, alarm: AlarmType.NOSPACE };
  const { alarms } = await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.GET });
  assert.deepEqual(alarms, [AlarmMember.create({ memberId: 77n, alarm: AlarmType.NOSPACE })]);
  await assert.rejects(put(client, "k", "v"), /database space exceeded/);
  await client.call(MAINTENANCE_SERVICE.alarm, alarm);
  assert.equal(revisionOf(await put(client, "k", "v")), 2001);
}
