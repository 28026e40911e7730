import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { bytesFromLatin1, bytesFromText } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { crc32c } from "../../src/base/crc32c.ts";
import { Prng } from "../../src/base/prng.ts";
import { withDirectory } from "../../src/base/testing/with_directory.ts";
import { revisionKey } from "../../src/disk/btree/testing/btree_fixtures.ts";
import { BTreeFile, type BTreeOptions } from "../../src/disk/btree/btree_file.ts";
import { compactCopy } from "../../src/disk/btree/compact_copy.ts";
import type { ReadTransaction } from "../../src/disk/btree/read_transaction.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { ctlText } from "../harness/etcdctl.ts";
import { GrpcClient, withClient } from "../harness/grpc_client.ts";
import { deleteOp, put, putOp, range, txn } from "../harness/kv_calls.ts";
import { freePorts, ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";

const missing = whyMissing("etcd");
if (missing !== undefined) console.log(`tests/disk: skipped, ${missing}`);
const test = { ignore: missing !== undefined };

const fileSystem = new DenoFileSystem();
const OPTIONS: BTreeOptions = { clock: systemClock, yieldTurn: () => setImmediate() };

/** etcd puts its changes into the file every 100 ms. */
const BACKEND_COMMIT_MS = 400;

async function withFile<T>(
  path: string,
  use: (file: BTreeFile) => Promise<T>,
  options: Partial<BTreeOptions> = {},
): Promise<T> {
  const file = await BTreeFile.open(fileSystem, path, { ...OPTIONS, ...options });
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

function allPairs(client: GrpcClient): Promise<KeyValue[]> {
  return range(client, "\0", { rangeEnd: "\0" }).then((response) => response.kvs);
}

/** The latest pairs that a file holds, in the order of their keys. */
function latestPairs(read: ReadTransaction): KeyValue[] {
  const latest = new Map<string, KeyValue>();
  const cursor = read.bucket("key")?.cursor();
  assert.ok(cursor !== undefined);
  for (let found = cursor.first(); found; found = cursor.next()) {
    const kv = KeyValue.decode(cursor.value.slice());
    const isTombstone = cursor.key.length === 18;
    if (isTombstone) latest.delete(kv.key);
    else latest.set(kv.key, kv);
  }
  return [...latest.values()].sort((a, b) => a.key < b.key ? -1 : 1);
}

async function readLatest(path: string, options: Partial<BTreeOptions> = {}): Promise<KeyValue[]> {
  return await withFile(path, async (file) => {
    assert.deepEqual(await file.check(), []);
    const read = file.beginRead();
    const pairs = latestPairs(read);
    read.close();
    return pairs;
  }, options);
}

/** Puts, overwrites and deletes of all sizes; some values take several pages. */
async function load(client: GrpcClient, prng: Prng, txnCount: number): Promise<void> {
  for (let i = 0; i < txnCount; i++) {
    const keys = new Set(Array.from({ length: 60 }, () => `k${prng.between(0, 1500)}`));
    const success = [...keys].map((key) => {
      if (prng.chance(0.2)) return deleteOp(key);
      const size = prng.chance(0.01) ? prng.between(5000, 60_000) : prng.between(0, 600);
      return putOp(key, `${i}`.padEnd(size, "v"));
    });
    await txn(client, { success });
  }
}

/** Rewrites all pages of all buckets without changing what is in them. */
async function rewrite(file: BTreeFile): Promise<void> {
  const read = file.beginRead();
  const deleting = file.beginWrite();
  for (const name of read.bucketNames()) assert.ok(deleting.deleteBucket(name));
  await deleting.commit();
  assert.deepEqual(await file.check(), []);
  const putting = file.beginWrite();
  for (const name of read.bucketNames()) {
    const bucket = putting.createBucketIfMissing(name);
    const cursor = read.bucket(name)?.cursor();
    assert.ok(cursor !== undefined);
    // From the back to the front, so that pages split elsewhere than etcd's.
    for (let found = cursor.last(); found; found = cursor.previous()) {
      bucket.put(cursor.key, cursor.value);
    }
  }
  read.close();
  await putting.commit();
  assert.deepEqual(await file.check(), []);
}

Deno.test({
  ...test,
  name: "BTreeFile reads what etcd wrote, after kill -9, and etcd goes on with what it rewrote",
  fn: async () => {
    const prng = new Prng(7);
    const server = await ServerProcess.start("etcd");
    const path = join(server.dataDir, "member", "snap", "db");
    try {
      const pairs = await withClient(server, async (client) => {
        await load(client, prng, 60);
        const { header } = await put(client, "before", "the compaction");
        await client.call(KV_SERVICE.compact, { revision: header?.revision ?? 0, physical: true });
        await load(client, prng, 10);
        return allPairs(client);
      });
      await setTimeout(BACKEND_COMMIT_MS);
      await server.kill();
      assert.ok(pairs.length > 500);
      assert.deepEqual(await readLatest(path), pairs);

      await withFile(path, rewrite);
      assert.deepEqual(await readLatest(path), pairs);
      await server.restart();
      await withClient(server, async (client) => {
        assert.deepEqual(await allPairs(client), pairs);
        await load(client, prng, 10);
        const { dbSize } = await client.call(MAINTENANCE_SERVICE.defragment)
          .then(() => client.call(MAINTENANCE_SERVICE.status));
        assert.ok(dbSize > 0);
        pairs.splice(0, pairs.length, ...await allPairs(client));
      });
      await setTimeout(BACKEND_COMMIT_MS);
      await server.kill();
      assert.deepEqual(await readLatest(path), pairs);
    } finally {
      await server.dispose();
    }
  },
});

Deno.test({
  ...test,
  name: "BTreeFile finds no fault with what kill -9 in the middle of a load leaves behind",
  fn: async () => {
    const prng = new Prng(8);
    const server = await ServerProcess.start("etcd");
    const path = join(server.dataDir, "member", "snap", "db");
    try {
      for (let round = 0; round < 3; round++) {
        await withClient(server, async (client) => {
          const loading = load(client, prng, 1000).catch(() => {});
          await setTimeout(prng.between(150, 400));
          await server.kill();
          await loading;
        });
        assert.ok((await readLatest(path)).length > 0);
        await withFile(path, rewrite);
        // What was in the log and not yet in the file comes on top of that.
        await server.restart();
      }
      const pairs = await withClient(server, allPairs);
      await setTimeout(BACKEND_COMMIT_MS);
      await server.kill();
      assert.deepEqual(await readLatest(path), pairs);
    } finally {
      await server.dispose();
    }
  },
});

Deno.test({
  ...test,
  name: "BTreeFile reads a snapshot that etcdctl saved, with the checksum at its end",
  fn: () =>
    withDirectory(async (directory) => {
      const path = join(directory, "snapshot.db");
      const server = await ServerProcess.start("etcd");
      try {
        await withClient(server, async (client) => {
          await load(client, new Prng(9), 30);
          await ctlText([`--endpoints=${server.endpoint}`, "snapshot", "save", path]);
          const size = fileSystem.stat(path)?.sizeBytes ?? 0;
          assert.equal(size % 512, 32);
          assert.deepEqual(await readLatest(path, { readOnly: true }), await allPairs(client));
        });
      } finally {
        await server.dispose();
      }
    }),
});

/** A file as a member would keep it, written in many commits, some of which delete what others put. */
async function writeMemberFile(path: string): Promise<KeyValue[]> {
  const prng = new Prng(10);
  return await withFile(path, async (file) => {
    const latest = new Map<string, KeyValue>();
    const revisions = new Map<string, string>();
    for (let revision = 2; revision < 4000;) {
      const write = file.beginWrite();
      const key = write.createBucketIfMissing("key");
      for (const end = revision + 300; revision < end; revision++) {
        const kv = nextPair(prng, revision, latest);
        const place = revisionKey(revision, 0);
        key.put(bytesFromLatin1(place), KeyValue.encode(kv));
        // The version before is removed as a compaction would.
        const before = revisions.get(kv.key);
        if (before !== undefined) assert.ok(key.delete(bytesFromLatin1(before)));
        latest.set(kv.key, kv);
        revisions.set(kv.key, place);
      }
      const index = new Uint8Array(8);
      write.createBucketIfMissing("meta").put(bytesFromText("consistent_index"), index);
      await write.commit();
    }
    assert.deepEqual(await file.check(), []);
    return [...latest.values()].sort((a, b) => a.key < b.key ? -1 : 1);
  });
}

function nextPair(prng: Prng, revision: number, latest: ReadonlyMap<string, KeyValue>): KeyValue {
  const key = `k${prng.between(0, 2500)}`;
  const before = latest.get(key);
  const size = prng.chance(0.01) ? prng.between(5000, 60_000) : prng.between(1, 600);
  return KeyValue.create({
    key,
    createRevision: before?.createRevision ?? revision,
    modRevision: revision,
    version: (before?.version ?? 0) + 1,
    value: bytesFromText(`${revision}`.padEnd(size, "v")),
  });
}

/** Writes the image of the newest tree as a backup: with its checksum at the end. */
async function writeSnapshot(from: string, to: string): Promise<void> {
  await withFile(from, (file) => {
    const read = file.beginRead();
    const image = new Uint8Array(read.imageBytes);
    const chunkBytes = 32 * 1024;
    for (let at = 0; at < image.length; at += chunkBytes) {
      read.readImage(image, at, Math.min(at + chunkBytes, image.length), at);
    }
    read.close();
    Deno.writeFileSync(to, image);
    Deno.writeFileSync(to, createHash("sha256").update(image).digest(), { append: true });
    return Promise.resolve();
  }, { readOnly: true });
}

/** The hash that `snapshot status` shows: all names, keys and values, one after the other. */
async function statusHash(path: string): Promise<{ hash: number; pairCount: number }> {
  return await withFile(path, (file) => {
    const read = file.beginRead();
    let hash = 0;
    let pairCount = 0;
    for (const name of read.bucketNames()) {
      hash = crc32c(bytesFromLatin1(name), 0, name.length, hash);
      const cursor = read.bucket(name)?.cursor();
      assert.ok(cursor !== undefined);
      for (let found = cursor.first(); found; found = cursor.next()) {
        hash = crc32c(cursor.bytes, cursor.keyStart, cursor.valueEnd, hash);
        pairCount++;
      }
    }
    read.close();
    return Promise.resolve({ hash, pairCount });
  }, { readOnly: true });
}

async function restoreAndRead(snapshot: string, directory: string): Promise<KeyValue[]> {
  const dataDir = join(directory, "restored");
  const [peerPort] = await freePorts(1);
  const peer = `http://127.0.0.1:${peerPort}`;
  await ctlText([
    ...["snapshot", "restore", snapshot, `--data-dir=${dataDir}`],
    ...["--name=default", `--initial-cluster=default=${peer}`],
    `--initial-advertise-peer-urls=${peer}`,
  ]);
  const server = await ServerProcess.start("etcd", { dataDir });
  try {
    return await withClient(server, allPairs);
  } finally {
    await server.dispose();
    rmSync(dataDir, { recursive: true });
  }
}

Deno.test({
  ...test,
  name: "etcdctl checks and restores files that BTreeFile, readImage() and compactCopy() wrote",
  fn: () =>
    withDirectory(async (directory) => {
      const path = join(directory, "db");
      const pairs = await writeMemberFile(path);
      const copy = join(directory, "copy.db");
      await withFile(path, async (file) => {
        const read = file.beginRead();
        await compactCopy(read, { ...OPTIONS, fileSystem, path: copy });
        read.close();
      });
      const expected = await statusHash(path);
      for (const from of [path, copy]) {
        const snapshot = join(directory, "snapshot.db");
        await writeSnapshot(from, snapshot);
        const status = JSON.parse(await ctlText(["snapshot", "status", snapshot, "-w", "json"]));
        assert.equal(status.hash, expected.hash);
        assert.equal(status.totalKey, expected.pairCount);
        assert.equal(status.revision, pairs.reduce((max, kv) => Math.max(max, kv.modRevision), 0));
        assert.deepEqual(await restoreAndRead(snapshot, directory), pairs);
      }
      // The file itself, too, though its size need not be what a backup's must be.
      copyFileSync(path, copy);
      await ctlText(["snapshot", "status", copy]);
    }),
});
