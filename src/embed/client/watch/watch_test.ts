import assert from "node:assert/strict";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { ResponseHeader, WatchRequest, WatchResponse } from "../../../pb/etcdserverpb.ts";
import { Event, KeyValue } from "../../../pb/mvccpb.ts";
import { ClientError } from "../client_error.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import type { FakeStream } from "../testing/fake_transport.ts";
import { FakeSession } from "../testing/session.ts";
import { Watch, WatchCompactedError, type WatchOptions } from "./watch.ts";

function open(options: WatchOptions = {}): [Watch, FakeStream, FakeSession] {
  const session = new FakeSession();
  const watch = new Watch(session, "a", options);
  return [watch, session.transport.last, session];
}

function receive(stream: FakeStream, fields: Partial<WatchResponse>, revision = 0): void {
  const header = ResponseHeader.create({ revision });
  stream.receive(WatchResponse.encode(WatchResponse.create({ header, ...fields })));
}

function put(modRevision: number, valueBytes = 0): Event {
  const value = new Uint8Array(valueBytes);
  return Event.create({ kv: KeyValue.create({ key: "a", modRevision, value }) });
}

Deno.test("Watch asks for what its options say", () => {
  const [, stream] = open({
    prefix: true,
    startRevision: 5,
    prevKv: true,
    noPut: true,
    noDelete: true,
    progressNotify: true,
  });
  const request = WatchRequest.decode(stream.sent[0]).createRequest;
  assert.ok(request);
  assert.equal(request.key, "a");
  assert.equal(request.rangeEnd, "b");
  assert.equal(request.startRevision, 5);
  assert.ok(request.prevKv && request.progressNotify && request.fragment);
  assert.deepEqual(request.filters, [0, 1]);
});

Deno.test("Watch.next() gives batches in order, whether they come before or after the question", async () => {
  const [watch, stream] = open();
  const early = [watch.next(), watch.next()];
  receive(stream, { created: true }, 1);
  for (const revision of [2, 3, 4]) receive(stream, { events: [put(revision)] }, 9);
  const results = [...await Promise.all(early), await watch.next()];
  assert.deepEqual(results.map(({ value }) => value?.revision), [2, 3, 4]);
  assert.equal(await watch.created, 1);
});

Deno.test("Watch tells how far it is, which is the header's revision only without events", async () => {
  const [watch, stream] = open();
  receive(stream, { created: true }, 1);
  receive(stream, { events: [put(2), put(3)] }, 9);
  receive(stream, {}, 12);
  assert.equal((await watch.next()).value?.revision, 3);
  const progress = await watch.next();
  assert.equal(progress.value?.revision, 12);
  assert.deepEqual(progress.value?.events, []);
});

Deno.test("Watch holds the server back when nobody takes the batches, by number and by bytes", async () => {
  for (const sizeBytes of [0, CLIENT_LIMITS.watchQueueBytes / 4]) {
    const [watch, stream] = open();
    receive(stream, { created: true }, 1);
    let count = 0;
    while (!stream.isPaused) receive(stream, { events: [put(++count + 1, sizeBytes)] });
    assert.equal(count, sizeBytes === 0 ? CLIENT_LIMITS.watchQueueBatches : 4);
    let taken = 0;
    while (stream.isPaused) {
      await watch.next();
      taken++;
    }
    assert.ok(taken >= count / 2 && taken < count, "it goes on when half of them are taken");
    for (; taken < count; taken++) assert.equal((await watch.next()).value?.revision, taken + 2);
    await watch.cancel();
  }
});

Deno.test("Watch gives what has come before the error that ended it, and the error once", async () => {
  const [watch, stream] = open();
  receive(stream, { created: true }, 1);
  receive(stream, { events: [put(2)] });
  receive(stream, { canceled: true, compactRevision: 8 }, 9);
  assert.equal((await watch.next()).value?.revision, 2);
  await assert.rejects(watch.next(), (error) => {
    assert.ok(error instanceof WatchCompactedError);
    return error.compactRevision === 8;
  });
  assert.deepEqual(await watch.next(), { value: undefined, done: true });
});

Deno.test("Watch rejects the first who waits when it fails, and ends for the others", async () => {
  const [watch, stream] = open();
  const first = watch.next();
  const second = watch.next();
  stream.end(new ClientError(GrpcCode.PermissionDenied, "no"));
  await assert.rejects(first, /no/);
  assert.equal((await second).done, true);
  assert.equal((await watch.next()).done, true);
  await assert.rejects(watch.created, /no/);
});

Deno.test("Watch ends when the loop is left, and lets go of the stream", async () => {
  const [watch, stream, session] = open();
  receive(stream, { created: true }, 1);
  receive(stream, { events: [put(2)] });
  receive(stream, { events: [put(3)] });
  for await (const batch of watch) {
    assert.equal(batch.revision, 2);
    break;
  }
  assert.ok(stream.isCanceled);
  assert.equal((await watch.next()).done, true);
  assert.equal(session.clock.timerCount, 0);
});

Deno.test("Watch ends with Canceled and the signal's reason when it is aborted", async () => {
  const controller = new AbortController();
  const [watch, stream] = open({ signal: controller.signal });
  receive(stream, { events: [put(2)] });
  controller.abort("enough");
  const error = await watch.next().catch((error) => error);
  assert.ok(error instanceof ClientError);
  assert.equal(error.code, GrpcCode.Canceled);
  assert.equal(error.cause, "enough");
  assert.ok(stream.isCanceled);
  assert.equal((await watch.next()).done, true);
});

Deno.test("Watch opens no stream when its signal was aborted before", async () => {
  const session = new FakeSession();
  const watch = new Watch(session, "a", { signal: AbortSignal.abort() });
  assert.equal(session.transport.streams.length, 0);
  await assert.rejects(watch.next(), /canceled/);
});

Deno.test("Watch ends without an error when its client is closed", async () => {
  const [watch, , session] = open();
  const waiting = watch.next();
  session.close();
  assert.equal((await waiting).done, true);
  await assert.rejects(watch.created, /canceled/);
});
