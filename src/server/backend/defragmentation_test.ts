import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { DiskError } from "../../disk/disk_error.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { get, put, startServer } from "../testing/server_fixtures.ts";
import {
  checkpointCount,
  compact,
  DB,
  hashOfMemory,
  memberConfig,
  type MemberOptions,
  putMany,
  readDb,
  settle,
  SNAP,
  type TestMember,
  until,
  watchEnd,
  withMember,
} from "./testing/member_fixtures.ts";
import type { WatchedDisk } from "./testing/watched_disk.ts";

const COPY_SYNC = /^sync .*\/db\.tmp\.\d+$/;
const VALUE_BYTES = 1_000;

/** A member whose file is mostly free: of 400 revisions, a compaction has left 40. */
async function withHoles(
  use: (member: TestMember) => Promise<void>,
  options: MemberOptions = {},
): Promise<WatchedDisk> {
  return await withMember(options, async (member) => {
    const { server, clock } = member;
    for (let i = 0; i < 10; i++) await putMany(server, "k", 40, VALUE_BYTES);
    await server.backend.checkpoint();
    const { removed } = await compact(server, server.store.currentRevision);
    const end = watchEnd(removed);
    await until(() => {
      clock.advance(10);
      return end.ended;
    }, "the compaction ends");
    // Pages that a commit frees can be written again from the commit after it on.
    await put(server, "freed", "1");
    await server.backend.checkpoint();
    await use(member);
  });
}

function copiesIn(disk: WatchedDisk): string[] {
  return disk.readDirectory(SNAP).filter((name) => name.startsWith("db.tmp"));
}

Deno.test("Backend.defragment() makes the file smaller and changes nothing else", async () => {
  const disk = await withHoles(async ({ server: { backend }, server, disk }) => {
    const sizeBefore = backend.sizeBytes;
    const before = await readDb(disk);
    assert.ok(backend.inUseBytes < sizeBefore / 2, `${backend.inUseBytes} of ${sizeBefore}`);
    await backend.defragment();
    assert.ok(backend.sizeBytes < sizeBefore / 2, `${backend.sizeBytes} of ${sizeBefore}`);
    assert.equal(disk.stat(DB)?.sizeBytes, backend.sizeBytes);
    assert.equal(backend.inUseBytes, backend.sizeBytes);
    assert.deepEqual(await readDb(disk), before);
    assert.deepEqual(copiesIn(disk), []);
    assert.equal(backend.durations.defragmentations.total, 1);
    await put(server, "after", "1");
    await backend.checkpoint();
    assert.ok((await readDb(disk)).changes.at(-1)?.endsWith("+after"));
    assert.deepEqual(await backend.file.check(), []);
  });
  await withMember({}, async ({ server }) => {
    assert.equal(get(server, "after")?.value, "1");
    assert.equal(hashOfMemory(server), (await readDb(disk)).hashKv);
  }, disk);
});

Deno.test("Backend.defragment() has first what was applied before the call", async () => {
  await withHoles(async ({ server, disk }) => {
    await put(server, "just now", "1");
    const held = disk.holdNext(COPY_SYNC);
    const defragmented = server.backend.defragment();
    await held.reached;
    assert.ok((await readDb(disk)).changes.at(-1)?.endsWith("+just now"));
    held.release();
    await defragmented;
    assert.ok((await readDb(disk)).changes.at(-1)?.endsWith("+just now"));
  });
});

Deno.test("puts go on during a defragmentation, and are in the file behind it", async () => {
  await withHoles(async ({ server, clock, disk }) => {
    const held = disk.holdNext(COPY_SYNC);
    const defragmented = server.backend.defragment();
    await held.reached;
    const before = checkpointCount(server);
    const steps = disk.steps.length;
    // More than batchLimit.
    await putMany(server, "meanwhile", 30);
    const checkpoint = watchEnd(server.backend.checkpoint());
    clock.advance(1_000);
    await settle();
    assert.equal(checkpointCount(server), before, "nobody writes what is being copied");
    assert.ok(!disk.steps.slice(steps).includes(`write ${DB}`));
    assert.equal(checkpoint.ended, false);
    assert.equal(get(server, "meanwhile29")?.value, "29 vvvvvvv");
    held.release();
    await defragmented;
    await until(() => checkpoint.ended, "the checkpoint that was asked for meanwhile is written");
    assert.equal((await readDb(disk)).hashKv, hashOfMemory(server));
    assert.equal((await readDb(disk)).changes.filter((each) => /meanwhile/.test(each)).length, 30);
  }, { backend: { batchLimit: 20 } });
});

Deno.test("the file follows by itself again after a defragmentation", async () => {
  await withHoles(async ({ server, clock, disk }) => {
    const held = disk.holdNext(COPY_SYNC);
    const defragmented = server.backend.defragment();
    await held.reached;
    await put(server, "meanwhile", "1");
    held.release();
    await defragmented;
    const before = checkpointCount(server);
    clock.advance(100);
    await until(() => checkpointCount(server) > before, "a checkpoint is written");
    assert.ok((await readDb(disk)).changes.at(-1)?.endsWith("+meanwhile"));
  });
});

Deno.test("values that are not in memory are read before, during and after", async () => {
  await withHoles(async ({ server, disk }) => {
    const expectAll = (): void => {
      for (let i = 0; i < 40; i++) {
        assert.equal(get(server, `k${i}`)?.value, `${i} `.padEnd(VALUE_BYTES, "v"));
      }
    };
    assert.ok(server.store.valueBytesAllocated < 40 * VALUE_BYTES, "most values were evicted");
    expectAll();
    const held = disk.holdNext(COPY_SYNC);
    const defragmented = server.backend.defragment();
    await held.reached;
    expectAll();
    const renamed = disk.holdNext(/^sync .*\/snap$/);
    held.release();
    await renamed.reached;
    expectAll();
    renamed.release();
    await defragmented;
    expectAll();
  }, { backend: { valueCacheBytes: 8_192 } });
});

Deno.test("a reader of the file before finishes on it, and then it is closed", async () => {
  await withHoles(async ({ server, disk }) => {
    const read = await server.backend.openSnapshot();
    const filesBefore = disk.openFileCount;
    const keys = (): number => {
      let count = 0;
      const cursor = read.bucket("key")?.cursor();
      for (let found = cursor?.first(); found === true; found = cursor?.next()) count++;
      return count;
    };
    assert.equal(keys(), 41);
    await server.backend.defragment();
    await put(server, "later", "1");
    await server.backend.checkpoint();
    assert.equal(disk.openFileCount, filesBefore + 1, "both files are open");
    assert.equal(keys(), 41);
    const image = new Uint8Array(read.imageBytes);
    assert.equal(read.readImage(image, 0, image.length, 0), image.length);
    read.close();
    assert.equal(disk.openFileCount, filesBefore);
  });
});

Deno.test("who asks for a defragmentation that is under way shares it", async () => {
  await withHoles(async ({ server: { backend }, disk }) => {
    const held = disk.holdNext(COPY_SYNC);
    const first = backend.defragment();
    await held.reached;
    const second = backend.defragment();
    held.release();
    await Promise.all([first, second]);
    const copies = (): number => disk.steps.filter((step) => /^create .*db\.tmp/.test(step)).length;
    assert.equal(copies(), 1);
    await backend.defragment();
    assert.equal(copies(), 2, "a later one is one of its own");
  });
});

for (
  const [what, step, code] of [
    ["a full disk", /^write .*\/db\.tmp\.1$/, "ENOSPC"],
    ["a failing sync of the copy", COPY_SYNC, "EIO"],
    ["a copy that cannot be made", /^create .*\/db\.tmp\.1$/, "EACCES"],
    ["a rename that fails", /^rename .*\/db$/, "EIO"],
  ] as const
) {
  Deno.test(`${what} ends a defragmentation, and the member goes on`, async () => {
    const disk = await withHoles(async ({ server: { backend }, server, disk }) => {
      const sizeBefore = backend.sizeBytes;
      disk.failNext(step, code);
      await assert.rejects(
        backend.defragment(),
        (error) => error instanceof DiskError && error.code === code,
      );
      assert.equal(server.failure, undefined);
      assert.equal(backend.sizeBytes, sizeBefore);
      await put(server, "after", "1");
      await backend.checkpoint();
      assert.ok((await readDb(disk)).changes.at(-1)?.endsWith("+after"));
      await backend.defragment();
      assert.ok(backend.sizeBytes < sizeBefore / 2);
    });
    assert.deepEqual(copiesIn(disk), []);
    await withMember({}, ({ server }) => {
      assert.equal(get(server, "after")?.value, "1");
      return Promise.resolve();
    }, disk);
  });
}

Deno.test("a new file whose place may not last stops the member", async () => {
  const disk = await withHoles(async ({ server, disk }) => {
    const held = disk.holdNext(COPY_SYNC);
    const defragmented = server.backend.defragment();
    await held.reached;
    await put(server, "meanwhile", "1");
    disk.failNext(/^sync .*\/snap$/, "EIO");
    held.release();
    await assert.rejects(defragmented, /EIO/);
    await server.stopNotify;
    assert.match(String(server.failure), /sync .*\/snap: .*EIO/);
  });
  await withMember({}, ({ server }) => {
    assert.equal(get(server, "meanwhile")?.value, "1");
    return Promise.resolve();
  }, disk);
});

Deno.test("a member that stops does not finish a defragmentation", async () => {
  const disk = await withMember({}, async ({ server, clock, disk }) => {
    await putMany(server, "k", 3_000);
    await server.backend.checkpoint();
    // Every look at the clock ends a turn: the copy takes about a hundred.
    clock.msPerLook = 10;
    const defragmented = server.backend.defragment();
    const refused = assert.rejects(defragmented, ETCD_ERRORS.stopped);
    await until(() => copiesIn(disk).length > 0, "the copy has begun");
    await server.stop();
    await refused;
    assert.equal(server.failure, undefined);
    assert.ok(!disk.steps.includes(`rename ${DB}`));
  });
  assert.deepEqual(copiesIn(disk), []);
});

Deno.test("a copy that a crash has left is gone after the next start", async () => {
  const disk = await withHoles(() => Promise.resolve());
  disk.open(`${SNAP}/db.tmp.1`, "create").close();
  await withMember({}, async ({ server }) => {
    assert.deepEqual(copiesIn(disk), []);
    await server.backend.defragment();
  }, disk);
});

Deno.test("a server in memory can be defragmented, too", async () => {
  const server = await startServer(memberConfig(undefined, { clock: new ManualClock() }));
  const { backend } = server;
  for (let i = 0; i < 10; i++) await putMany(server, "k", 40, VALUE_BYTES);
  await backend.checkpoint();
  const { removed } = await compact(server, 401);
  await removed;
  await backend.checkpoint();
  const sizeBefore = backend.file.sizeBytes;
  await backend.defragment();
  assert.ok(backend.file.sizeBytes < sizeBefore / 2);
  assert.equal(get(server, "k39")?.revision, 401);
  const read = await backend.openSnapshot();
  assert.ok(read.bucketNames().includes("key"));
  read.close();
  await server.stop();
});
