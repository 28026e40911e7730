import assert from "node:assert/strict";
import { DiskError } from "../../disk/disk_error.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { EtcdServer } from "../etcd_server.ts";
import { get, grantLease, put } from "../testing/server_fixtures.ts";
import {
  checkpointCount,
  compact,
  DB,
  hashOfMemory,
  memberConfig,
  putInOneTxn,
  putMany,
  readDb,
  settle,
  until,
  watchEnd,
  withMember,
} from "./testing/member_fixtures.ts";

const DB_SYNC = /^sync .*\/db$/;

Deno.test("Checkpointer writes the file batchIntervalMs after a change", async () => {
  await withMember({ backend: { batchIntervalMs: 70 } }, async ({ server, clock, disk }) => {
    await server.backend.checkpoint();
    const before = checkpointCount(server);
    await put(server, "a", "1");
    clock.advance(69);
    await settle();
    assert.equal(checkpointCount(server), before, "it is too early");
    assert.deepEqual((await readDb(disk)).changes, []);
    clock.advance(1);
    await until(() => checkpointCount(server) > before, "a checkpoint is written");
    const file = await readDb(disk);
    assert.deepEqual(file.changes, ["2 +a"]);
    assert.equal(file.consistentIndex, server.appliedIndex);
    assert.equal(file.term, server.term);
    assert.deepEqual(file.confState?.voters, [server.memberId]);
  });
});

Deno.test("Checkpointer writes nothing while nothing changes", async () => {
  await withMember({}, async ({ server, clock, disk }) => {
    await server.backend.checkpoint();
    const before = checkpointCount(server);
    const steps = disk.steps.length;
    clock.advance(60_000);
    await settle();
    assert.equal(checkpointCount(server), before);
    await server.backend.checkpoint();
    assert.deepEqual(disk.steps.slice(steps), [], "whoever asks finds all done");
  });
});

Deno.test("Checkpointer does not wait once batchLimit changes are pending", async () => {
  await withMember({ backend: { batchLimit: 50 } }, async ({ server, disk }) => {
    await server.backend.checkpoint();
    const before = checkpointCount(server);
    // More changes than entries, so that it is the changes that count.
    await putInOneTxn(server, Array.from({ length: 49 }, (_, i) => `k${i}`));
    await settle();
    assert.equal(checkpointCount(server), before);
    await put(server, "last", "1");
    await until(() => checkpointCount(server) > before, "a checkpoint is written");
    assert.equal((await readDb(disk)).changes.length, 50);
  });
});

Deno.test("Checkpointer does not wait once batchLimit entries are pending", async () => {
  await withMember({ backend: { batchLimit: 20 } }, async ({ server, disk }) => {
    await server.backend.checkpoint();
    const before = checkpointCount(server);
    for (let id = 1n; id < 20n; id++) await grantLease(server, id, 60);
    await settle();
    assert.equal(checkpointCount(server), before);
    await grantLease(server, 20n, 60);
    await until(() => checkpointCount(server) > before, "a checkpoint is written");
    assert.equal((await readDb(disk)).leases.length, 20);
  });
});

Deno.test("Backend.checkpoint() has what was applied before the call, and no more", async () => {
  await withMember({}, async ({ server: { backend }, server, disk }) => {
    await backend.checkpoint();
    const first = disk.holdNext(DB_SYNC);
    await put(server, "a", "1");
    const withA = backend.checkpoint();
    await first.reached;
    await put(server, "b", "2");
    const second = disk.holdNext(DB_SYNC);
    // The sync that is held belongs to the pages; the one of the meta page passes.
    const withB = backend.checkpoint();
    const endOfB = watchEnd(withB);
    first.release();
    await second.reached;
    assert.equal(endOfB.ended, false);
    second.release();
    await withA;
    const third = disk.holdNext(DB_SYNC);
    await third.reached;
    assert.deepEqual((await readDb(disk)).changes, ["2 +a"]);
    assert.equal(endOfB.ended, false, "what came during a checkpoint is in the next");
    third.release();
    await withB;
    assert.deepEqual((await readDb(disk)).changes, ["2 +a", "3 +b"]);
  });
});

Deno.test("Checkpointer goes on by itself with what came during a checkpoint", async () => {
  await withMember({}, async ({ server, clock, disk }) => {
    await server.backend.checkpoint();
    const before = checkpointCount(server);
    const held = disk.holdNext(DB_SYNC);
    await put(server, "a", "1");
    clock.advance(100);
    await held.reached;
    await put(server, "b", "2");
    clock.advance(100);
    await settle();
    assert.equal(checkpointCount(server), before, "one checkpoint at a time");
    held.release();
    await until(() => checkpointCount(server) > before, "the first one ends");
    await settle();
    assert.deepEqual((await readDb(disk)).changes, ["2 +a"]);
    clock.advance(100);
    await until(() => checkpointCount(server) > before + 1, "the second one ends");
    assert.deepEqual((await readDb(disk)).changes, ["2 +a", "3 +b"]);
  });
});

Deno.test("a file that fails stops the member, tells who waits, and costs nothing", async () => {
  const disk = await withMember({}, async ({ server, clock, disk }) => {
    await server.backend.checkpoint();
    disk.failNext(/^write .*\/db$/, "ENOSPC");
    await put(server, "a", "1");
    const waiting = [server.backend.checkpoint(), server.backend.checkpoint()];
    for (const each of waiting) {
      await assert.rejects(each, (error) => error instanceof DiskError && error.code === "ENOSPC");
    }
    await server.stopNotify;
    assert.ok(server.failure instanceof DiskError);
    assert.equal(server.failure.path, DB);
    assert.match(server.failure.message, /^Cannot write \/data\/member\/snap\/db: .*make room/);
    await assert.rejects(put(server, "b", "2"), ETCD_ERRORS.stopped);
    clock.advance(60_000);
  });
  await withMember({}, async ({ server }) => {
    assert.deepEqual(get(server, "a"), { value: "1", revision: 2 });
    await server.backend.checkpoint();
    assert.deepEqual((await readDb(disk)).changes, ["2 +a"]);
  }, disk);
});

Deno.test("a sync of the file that fails stops the member as well", async () => {
  const disk = await withMember({}, async ({ server, clock, disk }) => {
    await server.backend.checkpoint();
    disk.failNext(DB_SYNC, "EIO");
    await put(server, "a", "1");
    clock.advance(100);
    await server.stopNotify;
    assert.match(String(server.failure), /sync .*\/db: .*EIO/);
  });
  await withMember({}, ({ server }) => {
    assert.equal(get(server, "a")?.value, "1");
    return Promise.resolve();
  }, disk);
});

Deno.test("a page that a checkpoint cannot read stops the member as well", async () => {
  const disk = await withMember({}, ({ server }) => putMany(server, "k", 500));
  await withMember({}, async ({ server, clock, disk }) => {
    await server.backend.checkpoint();
    // The restart has read the file as a whole; a checkpoint is the first that wants single pages.
    await put(server, "a", "1");
    disk.failNext(/^read .*\/db$/, "EIO");
    clock.advance(100);
    await server.stopNotify;
    assert.match(String(server.failure), /read .*\/db: .*EIO/);
  }, disk);
});

Deno.test("a member that stops leaves nothing to be applied again", async () => {
  let appliedIndex = 0;
  const disk = await withMember({}, async ({ server }) => {
    await putMany(server, "k", 30);
    await grantLease(server, 7n, 60);
    ({ appliedIndex } = server);
  });
  const file = await readDb(disk);
  assert.equal(file.consistentIndex, appliedIndex);
  assert.equal(file.changes.length, 30);
  const next = await EtcdServer.open(memberConfig(disk));
  assert.equal(next.appliedIndex, appliedIndex, "before it starts, all is applied");
  assert.equal(next.store.currentRevision, 31);
  await next.stop();
  assert.equal(disk.openFileCount, 0);
});

Deno.test("a member whose log failed does not touch the file any more", async () => {
  const disk = await withMember({}, async ({ server, disk }) => {
    await server.backend.checkpoint();
    await put(server, "a", "1");
    disk.failNext(/^sync .*\.wal$/, "EIO");
    await assert.rejects(put(server, "b", "2"), ETCD_ERRORS.stopped);
    await server.stopNotify;
    assert.match(String(server.failure), /\.wal: .*EIO/);
    assert.deepEqual((await readDb(disk)).changes, []);
  });
  await withMember({}, ({ server }) => {
    assert.equal(get(server, "a")?.value, "1");
    return Promise.resolve();
  }, disk);
});

Deno.test("a compaction removes nothing that a checkpoint has yet to hand over", async () => {
  const disk = await withMember({}, async ({ server, clock, disk }) => {
    await server.backend.checkpoint();
    for (let i = 0; i < 10; i++) await putMany(server, "k", 200);
    // Now a checkpoint hands over 256 changes in a turn, and so takes eight.
    clock.msPerLook = 5;
    const held = disk.holdNext(DB_SYNC);
    const checkpoint = server.backend.checkpoint();
    const { removed } = await compact(server, 2001);
    const endOfRemoval = watchEnd(removed);
    await held.reached;
    clock.msPerLook = 0;
    assert.equal(endOfRemoval.ended, false);
    const metaPage = disk.holdNext(DB_SYNC);
    held.release();
    await metaPage.reached;
    metaPage.release();
    const next = disk.holdNext(DB_SYNC);
    await checkpoint;
    clock.advance(100);
    await next.reached;
    const cut = await readDb(disk);
    assert.equal(cut.changes.length, 2000, "the cut was before the compaction");
    assert.equal(cut.finishedCompactRevision, -1);
    next.release();
    await until(() => {
      clock.advance(10);
      return endOfRemoval.ended;
    }, "the compaction has ended");
    const end = await readDb(disk);
    // k199 got revision 2001 in the last round; the others their last ones before it.
    assert.equal(end.changes.length, 200);
    assert.equal(end.finishedCompactRevision, 2001);
    assert.equal(end.hashKv, hashOfMemory(server));
  });
  await withMember({}, async ({ server }) => {
    assert.equal(hashOfMemory(server), (await readDb(disk)).hashKv);
  }, disk);
});
