import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { type Logger, silentLogger } from "../../base/log.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import { AlarmType } from "../../pb/etcdserverpb.ts";
import { type AutoCompaction, startAutoCompaction } from "./auto_compaction.ts";
import { put, startServer, testConfig } from "../testing/server_fixtures.ts";

const LOOK_MS = 300_000;

/** A server that has nothing to do with compaction but to be asked for it. */
class AskedProposer {
  leads = true;
  currentRevision = 1000;
  readonly asked: number[] = [];
  settle: (error: EtcdError | undefined) => void = () => {};

  compact(revision: number, settled: (error: EtcdError | undefined) => void): void {
    this.asked.push(revision);
    this.settle = settled;
  }
}

/** Compaction that keeps 100 revisions, what it asks, and what it logs. */
function revisionMode(): {
  clock: ManualClock;
  proposer: AskedProposer;
  lines: string[];
  compaction: AutoCompaction | undefined;
} {
  const clock = new ManualClock();
  const proposer = new AskedProposer();
  const lines: string[] = [];
  const log = (message: string): void => {
    lines.push(message);
  };
  const logger: Logger = { ...silentLogger, info: log, warn: log };
  const autoCompaction = { mode: "revision", retainedRevisions: 100 } as const;
  const config = testConfig(undefined, { autoCompaction, clock, logger });
  return { clock, proposer, lines, compaction: startAutoCompaction(config, proposer) };
}

Deno.test("AutoCompaction asks again what failed, and not what is done", () => {
  const { clock, proposer, lines, compaction } = revisionMode();
  clock.advance(LOOK_MS - 1);
  assert.deepEqual(proposer.asked, []);
  clock.advance(1);
  assert.deepEqual(proposer.asked.splice(0), [900]);
  proposer.settle(ETCD_ERRORS.timeout);
  clock.advance(LOOK_MS);
  assert.deepEqual(proposer.asked.splice(0), [900]);
  // Somebody else has compacted further.
  proposer.settle(ETCD_ERRORS.compacted);
  clock.advance(LOOK_MS);
  assert.deepEqual(proposer.asked.splice(0), []);
  proposer.currentRevision = 1001;
  clock.advance(LOOK_MS);
  assert.deepEqual(proposer.asked.splice(0), [901]);
  proposer.settle(undefined);
  clock.advance(10 * LOOK_MS);
  assert.deepEqual(proposer.asked, []);
  assert.deepEqual(lines, [
    "starting auto revision compaction",
    "failed auto revision compaction",
    "starting auto revision compaction",
    "completed auto revision compaction",
    "starting auto revision compaction",
    "completed auto revision compaction",
  ]);
  compaction?.stop();
  assert.equal(clock.timerCount, 0);
});

Deno.test("AutoCompaction waits for one compaction before it looks for the next", () => {
  const { clock, proposer, compaction } = revisionMode();
  clock.advance(LOOK_MS);
  proposer.currentRevision = 2000;
  clock.advance(5 * LOOK_MS);
  assert.deepEqual(proposer.asked, [900]);
  proposer.settle(undefined);
  clock.advance(LOOK_MS);
  assert.deepEqual(proposer.asked, [900, 1900]);
  compaction?.stop();
  proposer.settle(undefined);
  assert.equal(clock.timerCount, 0, "a stopped one looks no more");
});

Deno.test("AutoCompaction does nothing while another member leads", () => {
  const { clock, proposer, compaction } = revisionMode();
  proposer.leads = false;
  clock.advance(3 * LOOK_MS);
  assert.deepEqual(proposer.asked, []);
  proposer.leads = true;
  clock.advance(LOOK_MS);
  assert.deepEqual(proposer.asked, [900]);
  compaction?.stop();
});

Deno.test("EtcdServer compacts by itself what is older than its period", async () => {
  const clock = new ManualClock();
  const autoCompaction = { mode: "periodic", periodMs: 60_000 } as const;
  const server = await startServer(testConfig(undefined, { clock, autoCompaction }));
  for (let i = 0; i < 5; i++) await put(server, "a", "old");
  clock.advance(6_000);
  for (let i = 0; i < 5; i++) await put(server, "a", "new");
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await setImmediate();
  };
  for (let look = 0; look < 9; look++) {
    clock.advance(6_000);
    await settle();
  }
  assert.equal(server.store.compactedRevision, 1, "the first one is at the revision of the start");
  for (let look = 0; look < 9; look++) {
    clock.advance(6_000);
    await settle();
  }
  assert.equal(server.store.compactedRevision, 1, "not before another minute has passed");
  clock.advance(6_000);
  await settle();
  assert.equal(server.store.compactedRevision, 11);
  assert.equal(server.store.changeCount, 1);
  await server.stop();
  assert.equal(clock.timerCount, 0);
});

Deno.test("EtcdServer compacts on under a NOSPACE alarm, and not under CORRUPT", async () => {
  const clock = new ManualClock();
  const autoCompaction = { mode: "revision", retainedRevisions: 1 } as const;
  const server = await startServer(testConfig(undefined, { clock, autoCompaction }));
  await put(server, "a", "1");
  await put(server, "a", "2");
  const look = async (): Promise<number> => {
    clock.advance(LOOK_MS);
    for (let i = 0; i < 5; i++) await setImmediate();
    return server.store.compactedRevision;
  };
  server.alarms.activate(1n, AlarmType.CORRUPT);
  assert.equal(await look(), -1);
  server.alarms.deactivate(1n, AlarmType.CORRUPT);
  server.alarms.activate(1n, AlarmType.NOSPACE);
  assert.equal(await look(), 2);
  await server.stop();
});
