import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { ManualClock } from "../base/manual_clock.ts";
import { ETCD_ERRORS } from "../core/errors.ts";
import { MemoryFileSystem } from "../disk/memory_file_system.ts";
import { EtcdServer } from "./etcd_server.ts";
import { get, grantLease, put, startServer, testConfig } from "./testing/server_fixtures.ts";

/** A disk whose syncs end only when the test says so. */
class HeldDisk {
  readonly fileSystem: MemoryFileSystem;
  held = false;
  readonly #syncs: (() => void)[] = [];

  constructor() {
    this.fileSystem = new MemoryFileSystem({
      completeSync: (complete) => this.held ? this.#syncs.push(complete) : queueMicrotask(complete),
    });
  }

  get syncCount(): number {
    return this.#syncs.length;
  }

  /** Waits until a sync is under way. */
  async syncStarted(): Promise<void> {
    while (this.syncCount === 0) await setImmediate();
  }

  /** Lets the syncs end that are under way, and with `held` false all later ones. */
  release(): void {
    for (const complete of this.#syncs.splice(0)) complete();
  }
}

Deno.test("EtcdServer serves puts in memory and publishes itself", async () => {
  const server = await startServer(testConfig(undefined));
  assert.equal(await put(server, "a", "1"), 2);
  assert.equal(await put(server, "a", "2"), 3);
  assert.deepEqual(get(server, "a"), { value: "2", revision: 3 });
  assert.equal(server.leads, true);
  assert.equal(server.leader, server.memberId);
  assert.deepEqual(server.membership.list(), [{
    id: 0x8e9e05c52164694dn,
    name: "test",
    peerUrls: ["http://localhost:2380"],
    clientUrls: ["http://localhost:2379"],
    isLearner: false,
  }]);
  assert.equal(server.membership.clusterVersion, "3.7.0");
  await server.stop();
});

Deno.test("EtcdServer finds its state again after a restart", async () => {
  const disk = new MemoryFileSystem();
  const before = await startServer(testConfig(disk));
  for (let i = 0; i < 100; i++) await put(before, `k${i % 10}`, String(i));
  await grantLease(before, 77n, 600);
  const { memberId, clusterId, term, store } = before;
  await before.stop();

  const after = await startServer(testConfig(disk));
  assert.equal(after.store.currentRevision, store.currentRevision);
  assert.deepEqual(get(after, "k9"), { value: "99", revision: 101 });
  assert.equal(after.memberId, memberId);
  assert.equal(after.clusterId, clusterId);
  assert.ok(after.term > term, "a restarted member stands in a new term");
  assert.deepEqual(after.lessor.leases(), [77n]);
  assert.equal(await put(after, "k", "v"), 102);
  await after.stop();
});

Deno.test("EtcdServer refuses a second server on the same data directory", async () => {
  const disk = new MemoryFileSystem();
  const first = await startServer(testConfig(disk));
  await assert.rejects(EtcdServer.open(testConfig(disk)), /another server is running on it/);
  await first.stop();
  const second = await startServer(testConfig(disk));
  await second.stop();
});

Deno.test("EtcdServer batches what arrives during a sync into the next one", async () => {
  const disk = new HeldDisk();
  const server = await startServer(testConfig(disk.fileSystem));
  disk.held = true;
  const first = put(server, "a", "1");
  await disk.syncStarted();
  const others = Array.from({ length: 50 }, (_, i) => put(server, `b${i}`, "2"));
  await setImmediate();
  assert.equal(disk.syncCount, 1, "one sync is under way and no other has been asked for");
  assert.equal(get(server, "a"), undefined, "nothing is shown before it is durable");
  disk.release();
  await first;
  await disk.syncStarted();
  assert.equal(get(server, "b0"), undefined);
  disk.release();
  assert.deepEqual(await Promise.all(others), Array.from({ length: 50 }, (_, i) => 3 + i));
  assert.equal(disk.syncCount, 0, "fifty puts shared one sync");
  disk.held = false;
  await server.stop();
});

Deno.test("EtcdServer answers reads while a sync is under way", async () => {
  const disk = new HeldDisk();
  const server = await startServer(testConfig(disk.fileSystem));
  await put(server, "a", "1");
  disk.held = true;
  const pending = put(server, "a", "2");
  await disk.syncStarted();
  await new Promise<void>((ready, failed) => server.whenReadable({ ready, failed }));
  assert.deepEqual(get(server, "a"), { value: "1", revision: 2 });
  disk.held = false;
  disk.release();
  await pending;
  await server.stop();
});

Deno.test("EtcdServer stops when a sync fails and acknowledges nothing behind it", async () => {
  const disk = new MemoryFileSystem();
  const server = await startServer(testConfig(disk));
  await put(server, "a", "1");
  disk.hardware.inject({ operation: "sync", after: 0, code: "EIO" });
  await assert.rejects(put(server, "a", "2"), ETCD_ERRORS.stopped);
  await server.stopNotify;
  assert.match(String(server.failure), /EIO/);
  await assert.rejects(put(server, "a", "3"), ETCD_ERRORS.stopped);
  const after = await startServer(testConfig(disk));
  assert.ok(["1", "2"].includes(get(after, "a")?.value ?? ""));
  await after.stop();
});

Deno.test("EtcdServer stops when the disk is full and loses nothing", async () => {
  const disk = new MemoryFileSystem();
  const server = await startServer(testConfig(disk));
  await put(server, "a", "1");
  disk.hardware.inject({ operation: "write", after: 0, code: "ENOSPC" });
  await assert.rejects(put(server, "a", "2"), ETCD_ERRORS.stopped);
  await server.stopNotify;
  assert.match(String(server.failure), /ENOSPC|space/);
  const after = await startServer(testConfig(disk));
  assert.equal(get(after, "a")?.value, "1");
  await after.stop();
});

Deno.test("EtcdServer gives a proposal up when its time has passed", async () => {
  const disk = new HeldDisk();
  const clock = new ManualClock();
  const server = await startServer(testConfig(disk.fileSystem, { clock }));
  disk.held = true;
  const late = put(server, "a", "1");
  await disk.syncStarted();
  clock.advance(6_900);
  assert.equal(server.pendingProposalCount, 1);
  clock.advance(300);
  await assert.rejects(late, ETCD_ERRORS.timeout);
  assert.equal(server.pendingProposalCount, 0);
  assert.equal(server.counts.failedProposals, 1);
  disk.held = false;
  disk.release();
  await server.stop();
  assert.equal(clock.timerCount, 0);
});

Deno.test("EtcdServer revokes an expired lease and deletes its keys", async () => {
  const clock = new ManualClock();
  const server = await startServer(testConfig(undefined, { clock }));
  await grantLease(server, 5n, 10);
  clock.advance(9_000);
  assert.equal(server.renewLease(5n), 10);
  clock.advance(9_000);
  assert.deepEqual(server.lessor.leases(), [5n]);
  clock.advance(2_000);
  while (server.lessor.leases().length > 0) await setImmediate();
  await setImmediate();
  assert.equal(server.expiredLeaseCount, 1);
  assert.equal(server.renewLease(5n), undefined);
  await server.stop();
});

Deno.test("EtcdServer refuses a request that is too large", async () => {
  const server = await startServer(testConfig(undefined, { maxRequestBytes: 1000 }));
  const frame = (length: number) => server.frame(4, new Uint8Array(length), 0, length);
  const overhead = frame(500).length - 500;
  assert.equal(frame(1000 - overhead).length, 1000);
  assert.throws(() => frame(1001 - overhead), ETCD_ERRORS.requestTooLarge);
  assert.throws(() => frame(2000), ETCD_ERRORS.requestTooLarge);
  await server.stop();
});

Deno.test("EtcdServer stops when one of its own parts throws", async () => {
  const clock = new ManualClock();
  const server = await startServer(testConfig(undefined, { clock }));
  const defect = new Error("a defect");
  server.hub.tick = () => {
    throw defect;
  };
  clock.advance(100);
  await server.stopNotify;
  assert.equal(server.failure, defect);
  await assert.rejects(put(server, "a", "1"), ETCD_ERRORS.stopped);
  assert.equal(clock.timerCount, 0);
});

Deno.test("EtcdServer can be stopped at any time and more than once", async () => {
  const unstarted = await EtcdServer.open(testConfig(undefined));
  await Promise.all([unstarted.stop(), unstarted.stop()]);
  const server = await EtcdServer.open(testConfig(new MemoryFileSystem()));
  server.start();
  const ready = assert.rejects(server.readyNotify, ETCD_ERRORS.stopped);
  await server.stop();
  await ready;
  await assert.rejects(
    new Promise<void>((ready, failed) => server.whenReadable({ ready, failed })),
    ETCD_ERRORS.stopped,
  );
});

Deno.test("EtcdServer waits for the election timeout unless its ticks are advanced", async () => {
  const clock = new ManualClock();
  const config = testConfig(undefined, { clock, initialElectionTickAdvance: false });
  const server = await EtcdServer.open(config);
  server.start();
  for (let i = 0; i < 10; i++) await setImmediate();
  assert.equal(server.leader, 0n);
  clock.advance(config.tickMs * (config.electionTicks - 1));
  assert.equal(server.leader, 0n);
  // The timeout is drawn between one and two times the election timeout.
  clock.advance(config.tickMs * (config.electionTicks + 1));
  await server.readyNotify;
  assert.equal(server.leader, server.memberId);
  await server.stop();
});
