import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { DiskError } from "../../disk/disk_error.ts";
import { listSnapFiles, parseSnapFileName, readSnapFile } from "../../disk/snap_file.ts";
import { ConfState } from "../../pb/raftpb.ts";
import { decodeV2Store } from "../../core/members/v2_store_json.ts";
import type { LogStorage } from "../raft/log_storage.ts";
import type { BackendConfig } from "../server_config.ts";
import { get, put, testConfig } from "../testing/server_fixtures.ts";
import { SNAP, type TestMember, until, withMember } from "./testing/member_fixtures.ts";
import { BackendDurations } from "./backend_durations.ts";
import { RaftSnapshots } from "./raft_snapshots.ts";
import { WatchedDisk } from "./testing/watched_disk.ts";

const DIRECTORY = "/snap";
const DATA = new TextEncoder().encode("members");
const CONF_STATE = ConfState.create({ voters: [1n] });

interface Harness {
  readonly snapshots: RaftSnapshots;
  readonly disk: WatchedDisk;
  readonly clock: ManualClock;
}

/** Snapshots whose log only notes, among the steps of the disk, what it is told. */
function newHarness(config: Partial<BackendConfig> = {}, lastIndex = 0): Harness {
  const disk = new WatchedDisk();
  disk.makeDirectory(DIRECTORY);
  const clock = new ManualClock();
  const storage: LogStorage = {
    append: () => false,
    sync: () => Promise.resolve(),
    async saveSnapshot({ index, term }): Promise<void> {
      disk.begin("write", `record ${index} of term ${term}`);
      await disk.untilReleased("record");
      disk.begin("sync", "record");
    },
    releaseTo: (index) => disk.begin("release", `log to ${index}`),
    purge: (keepCount) => disk.begin("purge", `log to ${keepCount} segments`),
  };
  const snapshots = new RaftSnapshots({
    durations: new BackendDurations(),
    fileSystem: disk,
    directory: DIRECTORY,
    storage,
    config: { ...testConfig(undefined).backend, ...config },
    clock,
  }, lastIndex);
  return { snapshots, disk, clock };
}

function save({ snapshots, clock }: Harness, index: number): Promise<void> {
  clock.advance(1_000);
  return snapshots.save({ index, term: 3, confState: CONF_STATE }, DATA);
}

Deno.test("RaftSnapshots.save() makes the file safe before the record, and purges behind it", async () => {
  const harness = newHarness({ maxWals: 4, maxSnapshots: 1 });
  await save(harness, 10);
  const from = harness.disk.steps.length;
  await save(harness, 20);
  const name = "0000000000000003-0000000000000014.snap";
  assert.deepEqual(harness.disk.steps.slice(from), [
    `create /snap/${name}`,
    `truncate /snap/${name}`,
    `write /snap/${name}`,
    `sync /snap/${name}`,
    "sync /snap",
    "write record 20 of term 3",
    "sync record",
    "release log to 20",
    "purge log to 4 segments",
    "remove /snap/0000000000000003-000000000000000a.snap",
  ]);
  assert.equal(harness.snapshots.lastIndex, 20);
  const snapshot = readSnapFile(harness.disk, `${DIRECTORY}/${name}`);
  assert.deepEqual(snapshot.data, DATA);
  assert.deepEqual(snapshot.metadata, { confState: CONF_STATE, index: 20, term: 3 });
  assert.equal(harness.disk.openFileCount, 0);
});

Deno.test("RaftSnapshots releases nothing before the record is safe", async () => {
  const harness = newHarness();
  const held = harness.disk.holdNext(/record/);
  const saved = save(harness, 10);
  await held.reached;
  assert.equal(harness.snapshots.lastIndex, 0);
  assert.equal(harness.disk.steps.at(-1), "write record 10 of term 3");
  held.release();
  await saved;
  assert.ok(harness.disk.steps.includes("release log to 10"));
});

for (const step of [/^write .*\.snap$/, /^sync .*\.snap$/, /^sync \/snap$/]) {
  Deno.test(`RaftSnapshots records nothing when ${step.source} fails`, async () => {
    const harness = newHarness();
    harness.disk.failNext(step, "ENOSPC");
    await assert.rejects(save(harness, 10), DiskError);
    assert.ok(!harness.disk.steps.some((each) => /record|log/.test(each)));
    assert.equal(harness.snapshots.lastIndex, 0);
    assert.equal(harness.disk.openFileCount, 0);
  });
}

Deno.test("RaftSnapshots keeps as many files as it is told, and with 0 all", async () => {
  for (const [maxSnapshots, kept] of [[0, 6], [1, 1], [3, 3]]) {
    const harness = newHarness({ maxSnapshots, maxWals: 0 });
    for (let index = 10; index <= 60; index += 10) await save(harness, index);
    const files = listSnapFiles(harness.disk, DIRECTORY);
    assert.equal(files.length, kept);
    assert.equal(files[0], "0000000000000003-000000000000003c.snap");
    const purges = harness.disk.steps.filter((step) => step.startsWith("purge"));
    assert.deepEqual(purges, [], "with maxWals 0 the log keeps all");
  }
});

Deno.test("RaftSnapshots.isDue() counts entries from the last snapshot on", async () => {
  const harness = newHarness({ snapshotCount: 100 }, 50);
  const { snapshots } = harness;
  assert.equal(snapshots.isDue(149), false);
  assert.equal(snapshots.isDue(150), true);
  await save(harness, 160);
  harness.clock.advance(1_000);
  assert.equal(snapshots.isDue(259), false);
  assert.equal(snapshots.isDue(260), true);
});

Deno.test("RaftSnapshots.isDue() leaves a second between two snapshots", async () => {
  const harness = newHarness({ snapshotCount: 100 });
  await save(harness, 100);
  harness.clock.advance(999);
  assert.equal(harness.snapshots.isDue(5_000), false);
  harness.clock.advance(1);
  assert.equal(harness.snapshots.isDue(5_000), true);
});

Deno.test("RaftSnapshots.force() makes the next one due once", async () => {
  const harness = newHarness({ snapshotCount: 100 }, 50);
  const { snapshots } = harness;
  snapshots.force();
  assert.equal(snapshots.isDue(51), true);
  assert.equal(snapshots.isDue(50), false, "the same snapshot is not made twice");
  await save(harness, 51);
  assert.equal(snapshots.isDue(52), false);
});

/** Every round of puts fills a segment of the log. */
const SMALL_SEGMENTS = { walSegmentSizeBytes: 4_096 };

function walNames(disk: WatchedDisk): string[] {
  return disk.readDirectory("/data/member/wal").filter((name) => name.endsWith(".wal"));
}

/** Puts 20 entries of a few thousand bytes in all, and has a checkpoint take them. */
async function putRound({ server, clock }: TestMember, round: number): Promise<void> {
  clock.advance(1_000);
  for (let i = 0; i < 20; i++) await put(server, `k${i}`, `${round} `.padEnd(200, "x"));
  await server.backend.checkpoint();
}

Deno.test("a member makes a snapshot every snapshotCount entries and lets the log go", async () => {
  const backend = { snapshotCount: 40, maxWals: 3, maxSnapshots: 2 };
  const disk = await withMember({ ...SMALL_SEGMENTS, backend }, async (member) => {
    const { server, disk } = member;
    for (let round = 1; round <= 12; round++) await putRound(member, round);
    const names = listSnapFiles(disk, SNAP);
    assert.equal(names.length, 2);
    const indexes = names.map((name) => parseSnapFileName(name).index);
    assert.ok(server.appliedIndex - indexes[0] < 60, `${indexes} up to ${server.appliedIndex}`);
    assert.ok(indexes[0] - indexes[1] >= 40);
    assert.equal(walNames(disk).length, 3);
    const { members, clusterVersion } = decodeV2Store(
      readSnapFile(disk, `${SNAP}/${names[0]}`).data ?? new Uint8Array(0),
    );
    assert.deepEqual(members.map(({ id }) => id), [server.memberId]);
    assert.equal(clusterVersion, server.membership.clusterVersion);
  });
  await withMember({ ...SMALL_SEGMENTS, backend }, async (member) => {
    assert.equal(get(member.server, "k19")?.value.slice(0, 3), "12 ");
    await putRound(member, 13);
  }, disk);
});

Deno.test("a member keeps all of its past if maxWals and maxSnapshots are 0", async () => {
  const backend = { snapshotCount: 20, maxWals: 0, maxSnapshots: 0 };
  await withMember({ ...SMALL_SEGMENTS, backend }, async (member) => {
    for (let round = 1; round <= 12; round++) await putRound(member, round);
    assert.ok(listSnapFiles(member.disk, SNAP).length >= 10);
    const names = walNames(member.disk);
    assert.ok(names.length >= 10);
    assert.equal(names[0], "0000000000000000-0000000000000000.wal");
  });
});

Deno.test("a snapshot that cannot be written stops the member, which starts again", async () => {
  const backend = { snapshotCount: 20 };
  const disk = await withMember({ backend }, async ({ server, clock, disk }) => {
    await server.backend.checkpoint();
    disk.failNext(/^write .*\.snap$/, "ENOSPC");
    for (let i = 0; i < 20; i++) await put(server, `k${i}`, "1");
    clock.advance(1_000);
    await server.stopNotify;
    assert.match(String(server.failure), /write .*\.snap: .*ENOSPC.*make room/);
  });
  await withMember({ backend }, async ({ server, clock, disk }) => {
    assert.equal(get(server, "k19")?.value, "1");
    clock.advance(1_000);
    await until(() => listSnapFiles(disk, SNAP).length > 0, "a snapshot is made");
  }, disk);
});
