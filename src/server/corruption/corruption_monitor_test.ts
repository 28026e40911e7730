import assert from "node:assert/strict";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { AlarmType, RangeRequest } from "../../pb/etcdserverpb.ts";
import {
  breakText,
  compact,
  DB,
  overwrite,
  putMany,
  settle,
  type TestMember,
  until,
  withMember,
} from "../backend/testing/member_fixtures.ts";
import { RecordingLogger } from "../bootstrap/testing/bootstrap_fixtures.ts";
import type { EtcdServer } from "../etcd_server.ts";
import type { CorruptionChecksConfig } from "../server_config.ts";
import { put } from "../testing/server_fixtures.ts";

const INTERVAL_MS = 5_000;
const CHECK_ALL = { initial: false, intervalMs: INTERVAL_MS, compactHashIntervalMs: 0 };
const CHECK_COMPACTIONS = { initial: false, intervalMs: 0, compactHashIntervalMs: INTERVAL_MS };

/** A member whose file has a few pages of pairs, the one called `needle` among them. */
async function withPairs(
  corruptionChecks: CorruptionChecksConfig,
  use: (member: TestMember, logger: RecordingLogger) => Promise<void>,
): Promise<void> {
  const logger = new RecordingLogger();
  await withMember({ corruptionChecks, logger }, async (member) => {
    const { server } = member;
    await putMany(server, "k", 100, 200);
    await putMany(server, "k", 100, 200);
    await put(server, "needle", "in the haystack");
    await server.backend.checkpoint();
    await use(member, logger);
  });
}

function isCorrupt(server: EtcdServer): boolean {
  return server.alarms.has(server.memberId, AlarmType.CORRUPT);
}

/** Lets the next check happen, from its beginning to its end. */
async function passInterval({ server, clock }: TestMember): Promise<void> {
  await server.backend.checkpoint();
  const { timerCount } = clock;
  clock.advance(INTERVAL_MS);
  await until(() => clock.timerCount >= timerCount, "the timer of the check after it is set");
}

async function expectAlarm(
  member: TestMember,
  logger: RecordingLogger,
  reason: RegExp,
): Promise<void> {
  const { server } = member;
  await until(() => isCorrupt(server), "the alarm is raised");
  assert.match(String(logger.fieldsOf("found corrupt data; raising alarm").reason), reason);
  await assert.rejects(put(server, "a", "1"), ETCD_ERRORS.corrupt);
  await assert.rejects(compact(server, 10), ETCD_ERRORS.corrupt);
  assert.equal(server.failure, undefined, "it can still be read");
}

Deno.test("CorruptionMonitor is content with a sound file, check after check", async () => {
  await withPairs(CHECK_ALL, async (member) => {
    const { server } = member;
    for (let i = 0; i < 3; i++) {
      await put(server, `later ${i}`, "1");
      await passInterval(member);
    }
    const { removed } = await compact(server, 150);
    await until(() => {
      member.clock.advance(10);
      return server.store.finishedCompactRevision === 150;
    }, "the compaction ends");
    await removed;
    await passInterval(member);
    assert.equal(isCorrupt(server), false);
  });
});

Deno.test("CorruptionMonitor raises the alarm for a changed byte in the file", async () => {
  await withPairs(CHECK_ALL, async (member, logger) => {
    breakText(member.disk, DB, "in the haystack");
    member.clock.advance(INTERVAL_MS - 1);
    await settle();
    assert.equal(isCorrupt(member.server), false, "it is too early");
    member.clock.advance(1);
    await expectAlarm(
      member,
      logger,
      /^the hash of \/data\/member\/snap\/db at revision 202 is \d+/,
    );
  });
});

Deno.test("CorruptionMonitor raises the alarm for a changed byte in memory", async () => {
  await withPairs(CHECK_ALL, async (member, logger) => {
    const [{ bytes, end }] = member.server.store.range(RangeRequest.create({ key: "needle" })).kvs;
    bytes[end - 1] ^= 1;
    member.clock.advance(INTERVAL_MS);
    await expectAlarm(member, logger, /^the hash of .*, but it should be \d+$/);
  });
});

Deno.test("CorruptionMonitor raises the alarm for a page that is none", async () => {
  await withPairs(CHECK_ALL, async (member, logger) => {
    const position = breakText(member.disk, DB, "in the haystack");
    overwrite(member.disk, DB, position - position % 4_096 + 8, Uint8Array.of(0xff, 0xff));
    member.clock.advance(INTERVAL_MS);
    await expectAlarm(member, logger, /snap\/db at byte \d+: /);
  });
});

Deno.test("CorruptionMonitor raises the alarm for a file that cannot be read", async () => {
  await withPairs(CHECK_ALL, async (member, logger) => {
    member.disk.failNext(/^read .*\/db$/, "EIO");
    member.clock.advance(INTERVAL_MS);
    await expectAlarm(member, logger, /snap\/db: .*EIO/);
  });
});

Deno.test("CorruptionMonitor raises an alarm once, and it lasts", async () => {
  const logger = new RecordingLogger();
  const disk = await withMember({ corruptionChecks: CHECK_ALL, logger }, async (member) => {
    const { server } = member;
    // More than fits into the page of the buckets, which is always in memory.
    await putMany(server, "k", 100, 200);
    await put(server, "needle", "in the haystack");
    await server.backend.checkpoint();
    breakText(member.disk, DB, "in the haystack");
    member.clock.advance(INTERVAL_MS);
    await until(() => isCorrupt(server), "the alarm is raised");
    const { appliedIndex } = server;
    await passInterval(member);
    await passInterval(member);
    assert.equal(server.appliedIndex, appliedIndex, "nothing more goes into the log");
  });
  await withMember({}, async ({ server }) => {
    assert.equal(isCorrupt(server), true);
    await assert.rejects(put(server, "a", "1"), ETCD_ERRORS.corrupt);
  }, disk);
});

Deno.test("CorruptionMonitor does not take a compaction in between for damage", async () => {
  await withPairs(CHECK_ALL, async (member) => {
    const { server, clock, disk } = member;
    // The check begins with a checkpoint; while that is held, a compaction makes memory another one.
    const held = disk.holdNext(/^sync .*\/db$/);
    await put(server, "later", "1");
    const checkpoint = server.backend.checkpoint();
    await held.reached;
    const { timerCount } = clock;
    clock.advance(INTERVAL_MS);
    await compact(server, 150);
    held.release();
    await checkpoint;
    await server.backend.checkpoint();
    await until(() => clock.timerCount >= timerCount, "the check has ended");
    assert.equal(isCorrupt(server), false);
    await passInterval(member);
    assert.equal(isCorrupt(server), false);
  });
});

Deno.test("CorruptionMonitor looks at the file after each compaction, and only then", async () => {
  await withPairs(CHECK_COMPACTIONS, async (member, logger) => {
    const { server, disk } = member;
    const first = await compact(server, 50);
    await first.removed;
    await passInterval(member);
    breakText(disk, DB, "in the haystack");
    await passInterval(member);
    await passInterval(member);
    assert.equal(isCorrupt(server), false, "nothing was compacted since");
    const second = await compact(server, 60);
    await second.removed;
    member.clock.advance(INTERVAL_MS);
    await expectAlarm(member, logger, /^the hash of /);
  });
});

Deno.test("CorruptionMonitor is off with intervals of 0", async () => {
  const off = { initial: false, intervalMs: 0, compactHashIntervalMs: 0 };
  await withPairs(off, async (member) => {
    breakText(member.disk, DB, "in the haystack");
    for (let i = 0; i < 3; i++) await passInterval(member);
    assert.equal(isCorrupt(member.server), false);
  });
});

Deno.test("a server that stops during a check leaves nothing behind", async () => {
  await withPairs(CHECK_ALL, async (member) => {
    const { server, clock } = member;
    await putMany(server, "many", 3_000);
    await server.backend.checkpoint();
    // Every look at the clock ends a turn, so that the check takes many.
    clock.msPerLook = 10;
    clock.advance(INTERVAL_MS);
    await settle();
    await server.stop();
    assert.equal(server.failure, undefined);
  });
  await settle();
});
