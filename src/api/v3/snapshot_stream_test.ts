import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { concatBytes, latin1FromBytes } from "../../base/bytes.ts";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { MemoryFileSystem } from "../../disk/memory_file_system.ts";
import type { FakeStream } from "../../net/grpc/testing/fake_stream.ts";
import { SnapshotResponse } from "../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../pb/services.ts";
import { put, testConfig } from "../../server/testing/server_fixtures.ts";
import { V3_LIMITS } from "./limits.ts";
import {
  CANCEL,
  finished,
  type MaintenanceFixture,
  withServer,
} from "./testing/maintenance_fixtures.ts";

const PATH = MAINTENANCE_SERVICE.snapshot.path;
const NOTHING = new Uint8Array(0);
/** More than one turn sends. */
const LARGE = "x".repeat(V3_LIMITS.snapshotBytesPerTurn);

function responsesOf(stream: FakeStream): SnapshotResponse[] {
  return stream.messages.map(({ bytes }) => SnapshotResponse.decode(bytes));
}

/** A stream whose client takes no more than what the first turn sends. */
async function openSlow(fixture: MaintenanceFixture): Promise<FakeStream> {
  const stream = fixture.open(PATH, NOTHING);
  stream.congested = true;
  while (stream.body.length === 0 && !stream.finished) await setImmediate();
  assert.ok(!stream.finished);
  return stream;
}

/** Lets everything happen that is due. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await setImmediate();
}

/** The image that a finished stream has sent; it must be sound. */
function imageOf(stream: FakeStream): Uint8Array {
  assert.equal(stream.status, "0");
  const blobs = responsesOf(stream).map(({ blob }) => blob);
  const image = concatBytes(blobs.slice(0, -1));
  const digest = createHash("sha256").update(image).digest();
  assert.deepEqual([...blobs[blobs.length - 1]], [...digest]);
  return image;
}

async function withLargeServer(use: (fixture: MaintenanceFixture) => Promise<void>): Promise<void> {
  await withServer(testConfig(undefined), async (fixture) => {
    for (const key of ["a", "b", "c"]) await put(fixture.server, key, key + LARGE);
    await use(fixture);
  });
}

Deno.test("Snapshot sends blobs of 32 KiB, counts down and ends with their SHA-256", async () => {
  await withLargeServer(async (fixture) => {
    const stream = fixture.open(PATH, NOTHING);
    await finished(stream);
    const image = imageOf(stream);
    for (const key of ["a", "b", "c"]) assert.ok(latin1FromBytes(image).includes(key + LARGE));
    const responses = responsesOf(stream);
    let left = image.length;
    for (const { blob, remainingBytes, version } of responses.slice(0, -1)) {
      assert.equal(blob.length, Math.min(32 * 1024, left));
      left -= blob.length;
      assert.deepEqual([remainingBytes, version], [left, "3.7.0"]);
    }
    const last = responses[responses.length - 1];
    assert.deepEqual([last.remainingBytes, last.version], [0, "3.7.0"]);
  });
});

Deno.test("Snapshot tells no version while the member presents an etcd before 3.6", async () => {
  const compatVersion = CompatVersion.of("3.5");
  assert.ok(compatVersion !== undefined);
  await withServer(testConfig(undefined, { compatVersion }), async (fixture) => {
    const stream = fixture.open(PATH, NOTHING);
    await finished(stream);
    assert.deepEqual(new Set(responsesOf(stream).map(({ version }) => version)), new Set([""]));
  });
});

Deno.test("Snapshot waits for a client that is slow, and keeps the state of its start", async () => {
  await withLargeServer(async (fixture) => {
    const stream = await openSlow(fixture);
    const sentBytes = stream.body.length;
    assert.ok(sentBytes < 2 * V3_LIMITS.snapshotBytesPerTurn);
    await put(fixture.server, "a", `later${LARGE}`);
    await fixture.server.backend.checkpoint();
    await settle();
    assert.equal(stream.body.length, sentBytes);
    stream.congested = false;
    stream.listener?.drained();
    await finished(stream);
    const text = latin1FromBytes(imageOf(stream));
    assert.ok(text.includes(`a${LARGE}`) && !text.includes(`later${LARGE}`));
  });
});

Deno.test("Snapshot lets go of the file when its client goes, at whatever moment", async () => {
  await withLargeServer(async (fixture) => {
    const opening = fixture.open(PATH, NOTHING);
    opening.listener?.closed(CANCEL);
    const slow = await openSlow(fixture);
    slow.listener?.closed(CANCEL);
    const sentBytes = slow.body.length;
    await settle();
    assert.equal(slow.body.length, sentBytes);
    assert.equal(opening.body.length, 0);
    assert.equal(fixture.server.streams.count, 0);
    assert.equal(fixture.server.backend.durations.snapshots.total, 2);
  });
});

Deno.test("Snapshot ends when the server stops, also one that is just being opened", async () => {
  const streams: FakeStream[] = [];
  await withLargeServer(async (fixture) => {
    streams.push(await openSlow(fixture), fixture.open(PATH, NOTHING));
  });
  for (const { status } of streams) assert.equal(status, "14 etcdserver: server stopped");
});

Deno.test("Snapshot is refused while as many are read as may be", async () => {
  await withLargeServer(async (fixture) => {
    const streams: FakeStream[] = [];
    while (streams.length < V3_LIMITS.pinnedImages) streams.push(await openSlow(fixture));
    const refused = fixture.open(PATH, NOTHING);
    await finished(refused);
    assert.equal(refused.status, "2 etcdserver: too many requests");
    streams[0].listener?.closed(CANCEL);
    const next = fixture.open(PATH, NOTHING);
    await finished(next);
    imageOf(next);
  });
});

Deno.test("Snapshot that cannot read the file fails, and the member stops", async () => {
  const fileSystem = new MemoryFileSystem();
  await withServer(testConfig(fileSystem), async (fixture) => {
    fixture.mayFail = true;
    const { server } = fixture;
    for (const key of ["a", "b", "c"]) await put(server, key, key + LARGE);
    const stream = await openSlow(fixture);
    fileSystem.hardware.inject({ operation: "read", after: 0, code: "EIO" });
    stream.congested = false;
    stream.listener?.drained();
    await finished(stream);
    assert.match(stream.status, /^2 Cannot read .*db.*EIO/);
    await server.stopNotify;
    assert.match(String(server.failure), /DiskError: Cannot read .*db.*EIO/);
  });
});

Deno.test("Snapshot refuses a request that cannot be read", async () => {
  await withServer(testConfig(undefined), async (fixture) => {
    const stream = fixture.open(PATH, Uint8Array.of(0xff));
    await finished(stream);
    assert.match(stream.status, /^13 grpc: error unmarshalling request/);
    assert.equal(fixture.server.streams.count, 0);
  });
});
