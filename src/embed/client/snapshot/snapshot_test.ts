import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes } from "../../../base/bytes.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { Prng } from "../../../base/prng.ts";
import { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import { SnapshotResponse } from "../../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { ClientError } from "../client_error.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import { openSnapshot, type Snapshot } from "./snapshot.ts";
import { writeSnapshotFile } from "./snapshot_file.ts";
import { FakeSession } from "../testing/session.ts";
import type { FakeStream } from "../testing/fake_transport.ts";
import type { CallOptions } from "../transport/transport.ts";

const IMAGE = Uint8Array.from({ length: 100 }, (_, i) => i);
const CHECKSUM = new Uint8Array(createHash("sha256").update(IMAGE).digest());

function piece(start: number, end: number): Partial<SnapshotResponse> {
  const remainingBytes = IMAGE.length - end;
  return { blob: IMAGE.slice(start, end), remainingBytes, version: "3.7.0" };
}

const TAIL: Partial<SnapshotResponse> = { blob: CHECKSUM, version: "3.7.0" };
const SOUND: readonly Partial<SnapshotResponse>[] = [piece(0, 64), piece(64, 100), TAIL];

function send(stream: FakeStream, ...responses: readonly Partial<SnapshotResponse>[]): void {
  for (const response of responses) {
    stream.receive(SnapshotResponse.encode(SnapshotResponse.create(response)));
  }
}

/** A backup of which the first pieces have come. */
async function begin(
  responses: readonly Partial<SnapshotResponse>[],
  options: CallOptions = {},
): Promise<{ session: FakeSession; stream: FakeStream; snapshot: Snapshot }> {
  const session = new FakeSession();
  const opened = openSnapshot(session, options);
  const stream = session.transport.last;
  send(stream, ...responses);
  return { session, stream, snapshot: await opened };
}

async function readAll(snapshot: Snapshot): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of snapshot) pieces.push(piece);
  return concatBytes(pieces);
}

function rejectsAsDamaged(promise: Promise<unknown>, why: RegExp): Promise<void> {
  return assert.rejects(promise, { code: GrpcCode.DataLoss, message: why });
}

Deno.test("Snapshot gives the whole file, its version and its size", async () => {
  const { stream, snapshot, session } = await begin(SOUND);
  stream.end();
  assert.equal(stream.path, MAINTENANCE_SERVICE.snapshot.path);
  assert.equal(stream.sent.length, 1);
  assert.deepEqual([snapshot.version, snapshot.sizeBytes, snapshot.receivedBytes], [
    "3.7.0",
    132,
    0,
  ]);
  assert.deepEqual(await readAll(snapshot), concatBytes([IMAGE, CHECKSUM]));
  assert.equal(snapshot.receivedBytes, 132);
  assert.deepEqual(await snapshot.next(), { value: undefined, done: true });
  assert.equal(session.clock.timerCount, 0);
});

Deno.test("Snapshot gives pieces as they come", async () => {
  const { stream, snapshot } = await begin([piece(0, 64)]);
  assert.deepEqual(await snapshot.next(), { value: IMAGE.slice(0, 64), done: false });
  const next = snapshot.next();
  send(stream, piece(64, 100));
  assert.deepEqual(await next, { value: IMAGE.slice(64), done: false });
  send(stream, TAIL);
  assert.deepEqual(await snapshot.next(), { value: CHECKSUM, done: false });
  const end = snapshot.next();
  stream.end();
  assert.deepEqual(await end, { value: undefined, done: true });
});

Deno.test("Snapshot that is cut short is refused, wherever the cut is", async () => {
  for (let count = 1; count < SOUND.length; count++) {
    const { stream, snapshot } = await begin(SOUND.slice(0, count));
    stream.end();
    await rejectsAsDamaged(
      readAll(snapshot),
      /^Cannot use the snapshot: it was cut short: \d+ of 132/,
    );
  }
  const session = new FakeSession();
  const opened = openSnapshot(session);
  session.transport.last.end();
  await rejectsAsDamaged(opened, /nothing came/);
});

Deno.test("Snapshot with other bytes than it should have is refused, and ends the call", async () => {
  const changed = { ...piece(64, 100), blob: IMAGE.slice(60, 96) };
  const cases: [Partial<SnapshotResponse>[], RegExp][] = [
    [[piece(0, 64), changed, TAIL], /checksum does not fit/],
    [[piece(0, 64), piece(64, 100), { ...TAIL, blob: CHECKSUM.slice(1) }], /checksum does not fit/],
    [[piece(0, 64), piece(65, 100)], /the member said 100 bytes/],
    [[piece(0, 64), { ...piece(64, 100), remainingBytes: 1 }], /the member said 100 bytes/],
    [[...SOUND, TAIL], /the member said 100 bytes/],
  ];
  for (const [responses, why] of cases) {
    const { stream, snapshot } = await begin(responses);
    await rejectsAsDamaged(readAll(snapshot), why);
    assert.ok(stream.isCanceled);
  }
});

Deno.test("Snapshot fails with what the call fails with, before it begins or later", async () => {
  const error = new ClientError(GrpcCode.Unavailable, "etcdserver: server stopped");
  const session = new FakeSession();
  const opened = openSnapshot(session);
  session.transport.last.end(error);
  await assert.rejects(opened, error);
  const { stream, snapshot } = await begin([piece(0, 64)]);
  stream.end(error);
  assert.equal((await snapshot.next()).done, false);
  await assert.rejects(snapshot.next(), error);
  assert.deepEqual(await snapshot.next(), { value: undefined, done: true });
});

Deno.test("Snapshot fails on a message that cannot be read", async () => {
  const { stream, snapshot } = await begin([piece(0, 64)]);
  stream.receive(Uint8Array.of(0xff));
  await assert.rejects(readAll(snapshot), { code: GrpcCode.Internal });
  assert.ok(stream.isCanceled);
});

Deno.test("Snapshot holds the server back while nobody takes the pieces", async () => {
  const half = CLIENT_LIMITS.snapshotQueueBytes / 2;
  const responses = [3, 2, 1, 0].map((left) => ({
    blob: new Uint8Array(half),
    remainingBytes: left * half,
  }));
  const { stream, snapshot } = await begin(responses.slice(0, 2));
  assert.ok(!stream.isPaused, "the first piece waits for nobody");
  send(stream, responses[2]);
  assert.ok(stream.isPaused);
  await snapshot.next();
  assert.ok(stream.isPaused, "that was the first piece");
  await snapshot.next();
  assert.ok(!stream.isPaused);
  await snapshot.return();
});

Deno.test("Snapshot ends the call when the loop is left or it is disposed of", async () => {
  const left = await begin(SOUND);
  for await (const piece of left.snapshot) {
    assert.ok(piece.length > 0);
    break;
  }
  assert.ok(left.stream.isCanceled);
  const disposed = await begin([piece(0, 64)]);
  await disposed.snapshot[Symbol.asyncDispose]();
  assert.ok(disposed.stream.isCanceled);
  assert.deepEqual(await disposed.snapshot.next(), { value: undefined, done: true });
});

Deno.test("Snapshot ends when its time is up or it is aborted, also before it begins", async () => {
  const waiting = await begin([piece(0, 64)], { timeoutMs: 100 });
  await waiting.snapshot.next();
  const next = assert.rejects(waiting.snapshot.next(), { code: GrpcCode.DeadlineExceeded });
  waiting.session.clock.advance(100);
  await next;

  // What has come and nobody has taken is of no use then.
  const late = await begin(SOUND, { timeoutMs: 100 });
  await late.snapshot.next();
  late.session.clock.advance(100);
  await assert.rejects(late.snapshot.next(), { code: GrpcCode.DeadlineExceeded });
  assert.ok(late.stream.isCanceled);

  const controller = new AbortController();
  const aborted = await begin([piece(0, 64)], { signal: controller.signal });
  await aborted.snapshot.next();
  controller.abort("enough");
  await assert.rejects(aborted.snapshot.next(), { code: GrpcCode.Canceled, cause: "enough" });
  assert.ok(aborted.stream.isCanceled);

  const session = new FakeSession();
  const opened = openSnapshot(session, { signal: controller.signal });
  await assert.rejects(opened, { code: GrpcCode.Canceled, cause: "enough" });
});

Deno.test("Snapshot keeps no timer once it is over", async () => {
  const { stream, snapshot, session } = await begin(SOUND, { timeoutMs: 100 });
  assert.equal(session.clock.timerCount, 1);
  stream.end();
  await readAll(snapshot);
  assert.equal(session.clock.timerCount, 0);
  const failing = new FakeSession();
  failing.transport.streamError = new ClientError(GrpcCode.Unavailable, "nobody is there");
  await assert.rejects(openSnapshot(failing, { timeoutMs: 100 }), failing.transport.streamError);
  assert.equal(failing.clock.timerCount, 0);
});

Deno.test("writeSnapshotFile() puts the whole file in place of what was there", async () => {
  const fileSystem = new MemoryFileSystem();
  fileSystem.makeDirectory("/backups");
  await fileSystem.syncDirectory("/");
  for (const path of ["/backups/new.db", "/backups/new.db.part"]) {
    const old = fileSystem.open(path, "create");
    old.writeAt(new Uint8Array(500), 0, 500, 0);
    old.close();
  }
  const { stream, snapshot } = await begin(SOUND);
  stream.end();
  const progress: number[] = [];
  await writeSnapshotFile(fileSystem, "/backups/new.db", snapshot, (bytes) => progress.push(bytes));
  const bytes = new Uint8Array(500);
  const file = fileSystem.open("/backups/new.db", "read");
  assert.equal(file.readAt(bytes, 0, 500, 0), 132);
  assert.deepEqual(bytes.slice(0, 132), concatBytes([IMAGE, CHECKSUM]));
  assert.deepEqual(fileSystem.readDirectory("/backups"), ["new.db"]);
  assert.deepEqual(progress, [64, 36, 32]);
  const afterCrash = fileSystem.afterCrash(new Prng(1), "lost");
  assert.deepEqual(afterCrash.readDirectory("/backups"), ["new.db"]);
  assert.equal(afterCrash.stat("/backups/new.db")?.sizeBytes, 132);
});

Deno.test("writeSnapshotFile() leaves what was there when the backup or the disk fails", async () => {
  for (const operation of [undefined, "write", "sync", "rename"] as const) {
    const fileSystem = new MemoryFileSystem();
    fileSystem.makeDirectory("/backups");
    fileSystem.open("/backups/old.db", "create").close();
    const { stream, snapshot } = await begin(operation === undefined ? SOUND.slice(0, 2) : SOUND);
    stream.end();
    if (operation !== undefined) {
      fileSystem.hardware.inject({ operation, after: 0, code: "EIO" });
    }
    const written = writeSnapshotFile(fileSystem, "/backups/old.db", snapshot, () => {});
    await assert.rejects(written, operation === undefined ? /cut short/ : /EIO/);
    assert.deepEqual(fileSystem.readDirectory("/backups"), ["old.db"]);
    assert.equal(fileSystem.stat("/backups/old.db")?.sizeBytes, 0);
  }
});
