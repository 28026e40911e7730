import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { ManualClock } from "../../base/manual_clock.ts";
import {
  compact,
  hashOfMemory,
  memberConfig,
  type MemberOptions,
  putMany,
  readDb,
  settle,
  type TestMember,
  until,
  watchEnd,
  withMember,
} from "../backend/testing/member_fixtures.ts";
import type { EtcdServer } from "../etcd_server.ts";
import { put, startServer } from "../testing/server_fixtures.ts";

const DB_SYNC = /^sync .*\/db$/;
const KEYS = 40;
const ROUNDS = 10;
const ALL = KEYS * ROUNDS;

/** A member with ten revisions of each key, all of them in its file. */
async function withRevisions(
  options: MemberOptions,
  use: (member: TestMember) => Promise<void>,
): Promise<void> {
  await withMember(options, async (member) => {
    await putRevisions(member.server);
    await member.server.backend.checkpoint();
    await use(member);
  });
}

async function putRevisions(server: EtcdServer): Promise<void> {
  for (let i = 0; i < ROUNDS; i++) await putMany(server, "k", KEYS);
}

function removedCount(server: EtcdServer): number {
  return server.store.counters.compactedChanges;
}

Deno.test("CompactionRunner pauses for sleepIntervalMs behind every batchLimit removals", async () => {
  const compaction = { batchLimit: 50, sleepIntervalMs: 30 };
  await withRevisions({ compaction }, async ({ server, clock }) => {
    const { removed } = await compact(server, ALL + 1);
    const end = watchEnd(removed);
    for (let batch = 1; batch * 50 < ALL - KEYS; batch++) {
      await settle();
      assert.equal(removedCount(server), batch * 50);
      clock.advance(29);
      await settle();
      assert.equal(removedCount(server), batch * 50, "it rests");
      clock.advance(1);
    }
    await until(() => end.ended, "the compaction has ended");
    assert.equal(removedCount(server), ALL - KEYS);
  });
});

Deno.test("CompactionRunner.run() resolves when the file has let go of everything", async () => {
  await withRevisions({}, async ({ server, disk }) => {
    const held = disk.holdNext(DB_SYNC);
    const { removed } = await compact(server, ALL + 1);
    const end = watchEnd(removed);
    await held.reached;
    await settle();
    assert.equal(removedCount(server), ALL - KEYS, "memory has let go of it");
    assert.equal(end.ended, false);
    assert.equal((await readDb(disk)).finishedCompactRevision, -1);
    held.release();
    await removed;
    const file = await readDb(disk);
    assert.equal(file.finishedCompactRevision, ALL + 1);
    assert.equal(file.scheduledCompactRevision, ALL + 1);
    assert.equal(file.changes.length, KEYS);
    assert.equal(file.hashKv, hashOfMemory(server));
  });
});

Deno.test("the file follows a compaction batch by batch", async () => {
  const compaction = { batchLimit: 100, sleepIntervalMs: 1_000 };
  await withRevisions({ compaction }, async ({ server, clock, disk }) => {
    const { removed } = await compact(server, ALL + 1);
    const end = watchEnd(removed);
    for (const left of [ALL - 100, ALL - 200, ALL - 300]) {
      await settle();
      clock.advance(100);
      await settle();
      const file = await readDb(disk);
      assert.equal(file.changes.length, left, "a checkpoint came by itself");
      assert.equal(file.scheduledCompactRevision, ALL + 1);
      assert.equal(file.finishedCompactRevision, -1);
      assert.equal(end.ended, false);
      clock.advance(900);
    }
    await removed;
    const file = await readDb(disk);
    assert.equal(file.changes.length, KEYS);
    assert.equal(file.finishedCompactRevision, ALL + 1);
  });
});

Deno.test("CompactionRunner runs compactions one after the other", async () => {
  const compaction = { batchLimit: 100, sleepIntervalMs: 10 };
  await withRevisions({ compaction }, async ({ server, clock, disk }) => {
    const ends: string[] = [];
    const first = await compact(server, 201);
    first.removed.then(() => ends.push("first"));
    await put(server, "between", "1");
    const second = await compact(server, ALL + 1);
    second.removed.then(() => ends.push("second"));
    await settle();
    assert.equal(removedCount(server), 100);
    clock.advance(10);
    await settle();
    assert.equal(removedCount(server), 200, "a batch may be of two compactions");
    await until(() => {
      clock.advance(10);
      return ends.length === 2;
    }, "both have ended");
    assert.deepEqual(ends, ["first", "second"]);
    assert.equal((await readDb(disk)).changes.length, KEYS + 1);
    assert.equal(server.store.finishedCompactRevision, ALL + 1);
  });
});

Deno.test("a compaction that has nothing to remove ends as well", async () => {
  await withRevisions({}, async ({ server, disk }) => {
    const { removed } = await compact(server, 2);
    await removed;
    assert.equal(removedCount(server), 0);
    assert.equal((await readDb(disk)).finishedCompactRevision, 2);
  });
});

Deno.test("a compaction of a server in memory ends without a file", async () => {
  const server = await startServer(memberConfig(undefined, { clock: new ManualClock() }));
  await putRevisions(server);
  const { removed } = await compact(server, ALL + 1);
  await removed;
  assert.equal(removedCount(server), ALL - KEYS);
  assert.equal(server.backend.durations.commits.total, 0, "it is written on demand only");
  await server.stop();
});

Deno.test("a server that stops during a compaction's pause leaves no timer", async () => {
  const compaction = { batchLimit: 50, sleepIntervalMs: 60_000 };
  let ended = { ended: false };
  await withRevisions({ compaction }, async ({ server }) => {
    const { removed } = await compact(server, ALL + 1);
    ended = watchEnd(removed);
    await settle();
    assert.equal(removedCount(server), 50);
  });
  await setTimeout(0);
  assert.equal(ended.ended, false, "what was not done is not reported as done");
});
