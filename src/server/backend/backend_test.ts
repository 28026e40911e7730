import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { put, startServer } from "../testing/server_fixtures.ts";
import {
  checkpointCount,
  memberConfig,
  putMany,
  readDb,
  settle,
  watchEnd,
  withMember,
} from "./testing/member_fixtures.ts";

Deno.test("Backend.openSnapshot() pins what was applied before the call", async () => {
  await withMember({}, async ({ server: { backend }, server }) => {
    await put(server, "a", "1");
    const read = await backend.openSnapshot();
    await put(server, "b", "2");
    await backend.checkpoint();
    let count = 0;
    const cursor = read.bucket("key")?.cursor();
    for (let found = cursor?.first(); found === true; found = cursor?.next()) count++;
    assert.equal(count, 1);
    read.close();
  });
});

Deno.test("Backend.read() has the end of the server wait for it, and tells it to end", async () => {
  const reading = Promise.withResolvers<void>();
  let isOver = false;
  await withMember({}, async ({ server: { backend }, server }) => {
    const read = backend.read(async (_read, yieldTurn) => {
      reading.resolve();
      try {
        for (;;) await yieldTurn();
      } finally {
        await settle();
        isOver = true;
      }
    });
    const refused = assert.rejects(read, ETCD_ERRORS.stopped);
    await reading.promise;
    await server.stop();
    assert.equal(isOver, true);
    assert.equal(server.failure, undefined);
    await refused;
  });
});

Deno.test("Backend.read() lets go of the file whatever happens", async () => {
  await withMember({}, async ({ server: { backend } }) => {
    assert.equal(await backend.read(() => Promise.resolve(5)), 5);
    const defect = new Error("a defect");
    await assert.rejects(backend.read(() => Promise.reject(defect)), defect);
  });
});

Deno.test("Backend refuses to open a snapshot once the server has stopped", async () => {
  await withMember({}, async ({ server: { backend }, server }) => {
    await put(server, "a", "1");
    await server.stop();
    await assert.rejects(backend.openSnapshot(), ETCD_ERRORS.stopped);
    await assert.rejects(backend.read(() => Promise.resolve()), ETCD_ERRORS.stopped);
    await backend.checkpoint();
  });
});

Deno.test("Backend refuses everything once the server has failed", async () => {
  await withMember({}, async ({ server: { backend }, server, disk }) => {
    await put(server, "a", "1");
    disk.failNext(/^sync .*\.wal$/, "EIO");
    await assert.rejects(put(server, "b", "2"), ETCD_ERRORS.stopped);
    await server.stopNotify;
    const steps = disk.steps.length;
    await assert.rejects(backend.openSnapshot(), ETCD_ERRORS.stopped);
    await assert.rejects(backend.checkpoint(), ETCD_ERRORS.stopped);
    await assert.rejects(backend.defragment(), ETCD_ERRORS.stopped);
    assert.deepEqual(disk.steps.slice(steps), []);
  });
});

Deno.test("a snapshot that is asked for while the server stops is refused", async () => {
  await withMember({}, async ({ server: { backend }, server, disk }) => {
    await backend.checkpoint();
    await put(server, "a", "1");
    const held = disk.holdNext(/^sync .*\/db$/);
    const snapshot = backend.openSnapshot();
    const refused = assert.rejects(snapshot, ETCD_ERRORS.stopped);
    await held.reached;
    const stopped = server.stop();
    const end = watchEnd(stopped);
    await settle();
    assert.equal(end.ended, false, "the checkpoint is still being written");
    held.release();
    await stopped;
    await refused;
  });
});

Deno.test("Backend.totalBytes foresees what the file still lacks", async () => {
  await withMember({}, async ({ server: { backend }, server }) => {
    await backend.checkpoint();
    const before = backend.totalBytes;
    assert.ok(before >= backend.sizeBytes);
    await putMany(server, "k", 200, 1_000);
    assert.ok(backend.totalBytes > before + 150_000, "before anything of it is written");
    const foreseen = backend.totalBytes;
    await backend.checkpoint();
    assert.ok(backend.sizeBytes > 200_000);
    assert.ok(foreseen <= backend.sizeBytes, "it is the least that it will be");
    assert.equal(backend.totalBytes, backend.sizeBytes);
  });
});

Deno.test("a server in memory writes its file on demand only", async () => {
  const clock = new ManualClock();
  const server = await startServer(
    memberConfig(undefined, { clock, backend: { batchLimit: 10, batchIntervalMs: 1 } }),
  );
  await putMany(server, "k", 50);
  clock.advance(10_000);
  await settle();
  assert.equal(checkpointCount(server), 0);
  await server.backend.followed();
  assert.equal(checkpointCount(server), 0);
  const read = await server.backend.openSnapshot();
  assert.equal(checkpointCount(server), 1);
  assert.ok(read.bucketNames().includes("key"));
  read.close();
  await put(server, "last", "1");
  await server.stop();
  assert.equal(checkpointCount(server), 1, "nor when it stops");
  assert.equal(clock.timerCount, 0);
});

Deno.test("a member's file has all buckets of etcd from the first checkpoint on", async () => {
  const disk = await withMember({}, ({ server }) => server.backend.checkpoint());
  const file = await readDb(disk);
  assert.equal(file.members.length, 1);
  assert.equal(file.storageVersion, "3.7.0");
  assert.deepEqual(file.removedMembers, []);
});
