import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { AssertionError } from "../../base/assert.ts";
import { ErrorCode, Flag, FrameType, SettingId } from "./protocol.ts";
import {
  bareRequest,
  block,
  data,
  frame,
  headers,
  ping,
  PREFACE,
  REQUEST,
  reset,
  settings,
} from "./testing/frames.ts";
import { RawClient, type RecordedRequest } from "./testing/raw_client.ts";

const END_BOTH = Flag.END_HEADERS | Flag.END_STREAM;
const RESPONSE: readonly string[] = [":status", "200", "content-type", "application/grpc"];
const TRAILERS: readonly string[] = ["grpc-status", "0"];
const RESPONSE_TOLD = ":status=200 content-type=application/grpc";
const HELLO = Buffer.from("hello");
const PREFIX = Buffer.from([0, 0, 0, 0, 5]);

function respond(request: RecordedRequest): void {
  request.stream.sendResponse(RESPONSE, HELLO, 0, 5, TRAILERS, PREFIX);
}

Deno.test("Http2Connection greets, acknowledges SETTINGS and answers PING", () => {
  const client = new RawClient({ handshake: false });
  assert.deepEqual(client.told(), ["SETTINGS", "WINDOW_UPDATE 0 4128769"]);
  client.send(PREFACE, settings([SettingId.MAX_FRAME_SIZE, 20_000]), ping("abcdefgh"));
  assert.deepEqual(client.told(), ["SETTINGS ACK", "PING ACK abcdefgh"]);
});

Deno.test("Http2Connection announces its bounds", () => {
  const client = new RawClient({ handshake: false, maxConcurrentStreams: 77 });
  const { payload } = client.frames()[0];
  const announced = new Map<number, number>();
  for (let i = 0; i < payload.length; i += 6) {
    announced.set(payload.readUInt16BE(i), payload.readUInt32BE(i + 2));
  }
  assert.equal(announced.get(SettingId.MAX_CONCURRENT_STREAMS), 77);
  assert.equal(announced.get(SettingId.INITIAL_WINDOW_SIZE), 1024 * 1024);
  assert.equal(announced.get(SettingId.MAX_FRAME_SIZE), 16_384);
  assert.equal(announced.get(SettingId.MAX_HEADER_LIST_SIZE), 65_536);
});

Deno.test("Http2Stream.sendResponse() sends headers, one DATA frame and trailers in one write", () => {
  const client = new RawClient();
  client.onStream = (request) => request.onEnd = () => respond(request);
  const writesBefore = client.socket.writeCount;
  client.send(headers(1), data(1, "request", true), headers(3), data(3, "other", true));
  const frames = client.frames();
  assert.equal(client.socket.writeCount, writesBefore + 1);
  assert.deepEqual(frames.map((told) => [told.type, told.streamId]), [
    [FrameType.HEADERS, 1],
    [FrameType.DATA, 1],
    [FrameType.HEADERS, 1],
    [FrameType.HEADERS, 3],
    [FrameType.DATA, 3],
    [FrameType.HEADERS, 3],
  ]);
  assert.deepEqual(frames[1].payload, Buffer.concat([PREFIX, HELLO]));
  assert.equal(client.requests[0].body, "request");
  assert.equal(client.connection.streamCount, 0);
  assert.deepEqual(client.requests.map((request) => request.closedCount), [0, 0]);
});

Deno.test("Http2Connection writes once for all responses of one turn", async () => {
  const client = new RawClient();
  client.send(...[1, 3, 5, 7].map(bareRequest));
  const writesBefore = client.socket.writeCount;
  for (const request of client.requests) respond(request);
  assert.equal(client.socket.writeCount, writesBefore);
  await client.turn();
  assert.equal(client.socket.writeCount, writesBefore + 1);
  assert.equal(client.told().length, 12);
});

Deno.test("Http2Connection keeps output of the next turn until the last write is done", async () => {
  const client = new RawClient();
  client.send(bareRequest(1), bareRequest(3), bareRequest(5));
  client.socket.stuck = true;
  const writesBefore = client.socket.writeCount;
  for (const request of client.requests) {
    respond(request);
    await client.turn();
  }
  assert.equal(client.socket.writeCount, writesBefore + 1);
  client.socket.stuck = false;
  assert.equal(client.told().length, 9);
  assert.equal(client.socket.writeCount, writesBefore + 2);
});

Deno.test("Http2Connection hands over headers, body, end and trailers in order", () => {
  const client = new RawClient();
  client.send(headers(1));
  const [request] = client.requests;
  assert.equal(request.headers.get(":path"), "/etcdserverpb.KV/Put");
  assert.equal(request.ended, false);
  client.send(data(1, "ab"), data(1, ""), data(1, "cd"));
  assert.equal(request.body, "abcd");
  client.send(headers(1, ["x-checksum", "7"], END_BOTH));
  assert.equal(request.trailersSeen?.get("x-checksum"), "7");
  assert.equal(request.ended, true);
  assert.equal(request.stream.remote.address, "192.0.2.1");
});

Deno.test("Http2Connection takes padding, priority and CONTINUATION off", () => {
  const client = new RawClient();
  const whole = block(...REQUEST);
  const padded = Buffer.concat([
    Buffer.from([3, 0, 0, 0, 9, 99]),
    whole.subarray(0, 10),
    Buffer.alloc(3),
  ]);
  client.send(
    frame(FrameType.HEADERS, Flag.PADDED | Flag.PRIORITY, 1, padded),
    frame(FrameType.CONTINUATION, 0, 1, whole.subarray(10, 20)),
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, whole.subarray(20)),
    frame(FrameType.DATA, Flag.PADDED, 1, Buffer.from("\x02abc\0\0", "latin1")),
    frame(FrameType.DATA, Flag.PADDED | Flag.END_STREAM, 1, Buffer.from("\x00d", "latin1")),
  );
  assert.deepEqual(client.requests[0].headers.fields, REQUEST);
  assert.equal(client.requests[0].body, "abcd");
  assert.equal(client.requests[0].ended, true);
  assert.deepEqual(client.told(), []);
});

Deno.test("Http2Connection accepts a body as long as content-length says", () => {
  const client = new RawClient();
  const fields = [...REQUEST, "content-length", "4"];
  client.send(headers(1, fields), data(1, "ab"), data(1, "cd", true));
  client.send(headers(3, fields), data(3, "abcd"), headers(3, ["x", "1"], END_BOTH));
  client.send(headers(5, [...REQUEST, "content-length", "0"], END_BOTH));
  assert.deepEqual(client.requests.map((request) => request.ended), [true, true, true]);
  assert.deepEqual(client.told(), []);
});

Deno.test("Http2Stream.sendHeaders() and sendData() send a response in pieces", async () => {
  const client = new RawClient();
  client.send(bareRequest(1));
  const { stream } = client.requests[0];
  stream.sendHeaders([":status", "103"], false);
  stream.sendHeaders([":status", "200"], false);
  stream.sendData(HELLO, 1, 3, false);
  stream.sendData(HELLO, 0, 5, false, PREFIX);
  assert.equal(stream.finished, false);
  stream.sendData(HELLO, 5, 5, true);
  assert.equal(stream.finished, true);
  await client.turn();
  assert.deepEqual(client.told(), [
    "HEADERS 1 :status=103",
    "HEADERS 1 :status=200",
    "DATA 1 2",
    "DATA 1 10",
    "DATA 1 END_STREAM 0",
  ]);
});

Deno.test("Http2Stream splits a header block that is longer than a frame", async () => {
  const client = new RawClient();
  client.send(bareRequest(1));
  const fields = [":status", "200"];
  for (let i = 0; i < 50; i++) fields.push(`x-field-${i}`, "\x7f".repeat(1000));
  client.requests[0].stream.sendHeaders(fields, true);
  await client.turn();
  const frames = client.frames();
  assert.equal(frames[0].type, FrameType.HEADERS);
  assert(frames.slice(1).every((told) => told.type === FrameType.CONTINUATION));
  assert(frames.length > 3);
  assert.equal(frames[0].flags, Flag.END_STREAM);
  assert.equal(frames.at(-1)?.flags, Flag.END_HEADERS);
  assert(frames.every((told) => told.payload.length <= 16_384));
  assert.equal(frames.at(-1)?.told.split(" ").at(-1), `x-field-49=${"\x7f".repeat(1000)}`);
});

Deno.test("Http2Connection stops a request whose response is complete", async () => {
  const client = new RawClient();
  client.send(headers(1), data(1, "part"));
  respond(client.requests[0]);
  await client.turn();
  assert.deepEqual(client.told(), [
    `HEADERS 1 ${RESPONSE_TOLD}`,
    "DATA 1 10",
    "HEADERS 1 END_STREAM grpc-status=0",
    `RST_STREAM 1 ${ErrorCode.NO_ERROR}`,
  ]);
  client.send(data(1, "more"), data(1, "end", true), ping());
  assert.deepEqual(client.told(), ["PING ACK 12345678"]);
  assert.equal(client.requests[0].body, "part");
  assert.equal(client.requests[0].closedCount, 0);
});

Deno.test("Http2Connection does not reset a request that is answered in its last data", () => {
  const client = new RawClient();
  client.onStream = (request) => request.onData = () => respond(request);
  client.send(headers(1), data(1, "all", true));
  assert.equal(client.told().at(-1), "HEADERS 1 END_STREAM grpc-status=0");
  assert.equal(client.requests[0].ended, false);
  assert.equal(client.connection.streamCount, 0);
});

Deno.test("Http2Connection tells the listener when the client resets", () => {
  const client = new RawClient();
  client.send(headers(1), bareRequest(3), reset(1, ErrorCode.CANCEL), reset(3, 42));
  assert.deepEqual(client.requests.map((request) => request.closedWith), [ErrorCode.CANCEL, 42]);
  assert.equal(client.connection.streamCount, 0);
  respond(client.requests[0]);
  client.requests[1].stream.reset(ErrorCode.CANCEL);
  client.send(ping());
  assert.deepEqual(client.told(), ["PING ACK 12345678"], "what comes too late is dropped");
});

Deno.test("Http2Stream.reset() gives the stream up without calling its listener", () => {
  const client = new RawClient();
  client.onStream = (request) => request.stream.reset(ErrorCode.REFUSED_STREAM);
  client.send(headers(1), data(1, "x", true));
  assert.deepEqual(client.told(), ["RST_STREAM 1 7"]);
  const [request] = client.requests;
  assert.deepEqual([request.body, request.ended, request.closedCount], ["", false, 0]);
  assert.equal(request.stream.finished, true);
});

Deno.test("Http2Stream asserts that nothing is sent behind the end", () => {
  const client = new RawClient();
  client.send(bareRequest(1));
  respond(client.requests[0]);
  assert.throws(() => respond(client.requests[0]), AssertionError);
});

Deno.test("Http2Connection refuses streams beyond its bound and takes new ones later", () => {
  const client = new RawClient({ maxConcurrentStreams: 2 });
  client.send(headers(1), headers(3), headers(5), data(5, "x", true), bareRequest(7));
  assert.deepEqual(client.told(), ["RST_STREAM 5 7", "RST_STREAM 7 7"]);
  assert.equal(client.requests.length, 2);
  client.send(reset(1), bareRequest(9));
  assert.equal(client.requests[2].stream.id, 9);
});

Deno.test("Http2Connection answers 431 to a header list beyond its bound", () => {
  const client = new RawClient({ limits: { maxHeaderListBytes: 1000 } });
  const large = [...REQUEST, "x-large", "a".repeat(1000)];
  client.send(headers(1, large, END_BOTH), headers(3, large), data(3, "x", true), bareRequest(5));
  assert.deepEqual(client.told(), [
    "HEADERS 1 END_STREAM :status=431",
    "HEADERS 3 END_STREAM :status=431",
    "RST_STREAM 3 0",
  ]);
  assert.deepEqual(client.requests.map((request) => request.stream.id), [5]);
});

Deno.test("Http2Connection closes its streams when the socket is gone", () => {
  const client = new RawClient();
  client.send(headers(1), bareRequest(3));
  client.hangUp();
  assert.deepEqual(client.requests.map((request) => request.closedWith), [
    ErrorCode.CANCEL,
    ErrorCode.CANCEL,
  ]);
  assert.equal(client.closeCount, 1);
  assert.equal(client.clock.timerCount, 0);
  respond(client.requests[0]);
});

Deno.test("Http2Connection is gone when the client ends the socket", () => {
  const client = new RawClient();
  client.send(headers(1));
  client.socket.emit("end");
  assert.equal(client.socket.destroyed, true);
  assert.equal(client.requests[0].closedCount, 1);
  client.hangUp();
  assert.equal(client.closeCount, 1);
});

Deno.test("Http2Connection lets a listener destroy it in any callback", () => {
  for (const where of ["stream", "data", "end"] as const) {
    const client = new RawClient();
    const destroy = () => client.connection.destroy();
    client.onStream = (request) => {
      if (where === "stream") destroy();
      if (where === "data") request.onData = destroy;
      if (where === "end") request.onEnd = destroy;
    };
    client.send(headers(1), data(1, "x"), data(1, "y", true), headers(3));
    assert.equal(client.requests.length, 1, where);
    assert.equal(client.requests[0].closedCount, 1, where);
    assert.equal(client.closeCount, 1, where);
  }
});
