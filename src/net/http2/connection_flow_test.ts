import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import { ErrorCode, Flag, FrameType, SettingId } from "./protocol.ts";
import {
  bareRequest,
  data,
  frame,
  headers,
  ping,
  reset,
  settings,
  windowUpdate,
} from "./testing/frames.ts";
import { RawClient } from "./testing/raw_client.ts";

const OK: readonly string[] = [":status", "200"];
const TRAILERS: readonly string[] = ["grpc-status", "0"];

/** Opens stream after stream and sends it so many bytes with headers and trailers. */
function openAndSend(client: RawClient, ...sizes: number[]): void {
  const first = client.requests.length;
  client.send(...sizes.map((_, i) => bareRequest((first + i) * 2 + 1)));
  sizes.forEach((size, i) => {
    const bytes = Buffer.alloc(size, i + 1);
    client.requests[first + i].stream.sendResponse(OK, bytes, 0, size, TRAILERS);
  });
}

/** The DATA bytes of each stream, and whether it ended. */
function received(client: RawClient): Record<number, string> {
  const sums: Record<number, number> = {};
  const ends: Record<number, boolean> = {};
  for (const told of client.frames()) {
    if (told.type === FrameType.DATA) {
      sums[told.streamId] = (sums[told.streamId] ?? 0) + told.payload.length;
    }
    if (told.type <= FrameType.HEADERS && (told.flags & Flag.END_STREAM) !== 0) {
      ends[told.streamId] = true;
    }
  }
  const result: Record<number, string> = {};
  for (const [id, sum] of Object.entries(sums)) {
    result[Number(id)] = `${sum}${ends[Number(id)] ? " end" : ""}`;
  }
  return result;
}

Deno.test("Http2Connection sends no more than the stream's window", async () => {
  const client = new RawClient();
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 10]));
  openAndSend(client, 25);
  await client.turn();
  assert.deepEqual(received(client), { 1: "10" });
  assert.equal(client.requests[0].stream.bufferedBytes, 15);
  client.send(windowUpdate(1, 5));
  assert.deepEqual(received(client), { 1: "5" });
  client.send(windowUpdate(1, 100));
  assert.deepEqual(client.told(), ["DATA 1 10", "HEADERS 1 END_STREAM grpc-status=0"]);
  assert.equal(client.connection.streamCount, 0);
});

Deno.test("Http2Connection takes what it sends at once out of both windows", async () => {
  const client = new RawClient();
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 10]), bareRequest(1));
  const { stream } = client.requests[0];
  stream.sendHeaders(OK, false);
  for (let i = 0; i < 3; i++) stream.sendData(Buffer.alloc(4), 0, 4, false);
  await client.turn();
  assert.deepEqual(received(client), { 1: "10" });
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 100_000]));
  for (let i = 0; i < 10; i++) stream.sendData(Buffer.alloc(9_000), 0, 9_000, false);
  await client.turn();
  assert.deepEqual(received(client), { 1: "65525" });
});

Deno.test("Http2Connection sends no more than the connection's window, streams in turn", async () => {
  const client = new RawClient();
  openAndSend(client, 60_000, 60_000, 10);
  await client.turn();
  assert.deepEqual(received(client), { 1: "60000 end", 3: "5535" });
  client.send(windowUpdate(0, 20_000));
  assert.deepEqual(client.told(), [
    "DATA 3 16384",
    "DATA 5 10",
    "HEADERS 5 END_STREAM grpc-status=0",
    "DATA 3 3606",
  ]);
  client.send(windowUpdate(0, 100_000));
  assert.deepEqual(received(client), { 3: "34475 end" });
});

Deno.test("Http2Connection keeps to the peer's frame size", async () => {
  const client = new RawClient();
  openAndSend(client, 20_000);
  await client.turn();
  assert.deepEqual(client.told().slice(1), [
    "DATA 1 16384",
    "DATA 1 3616",
    "HEADERS 1 END_STREAM grpc-status=0",
  ]);
  client.send(settings([SettingId.MAX_FRAME_SIZE, 30_000]));
  client.told();
  openAndSend(client, 20_000);
  await client.turn();
  assert.equal(client.told()[1], "DATA 3 20000");
});

Deno.test("Http2Connection lets a window become negative and waits until it is positive", async () => {
  const client = new RawClient();
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 100]));
  openAndSend(client, 150);
  await client.turn();
  assert.deepEqual(received(client), { 1: "100" });
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 30]));
  client.send(windowUpdate(1, 70));
  assert.deepEqual(received(client), {}, "the window is 0");
  client.send(windowUpdate(1, 1));
  assert.deepEqual(received(client), { 1: "1" });
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 60]));
  assert.deepEqual(received(client), { 1: "30" });
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 1_000]));
  assert.deepEqual(received(client), { 1: "19 end" });
});

Deno.test("Http2Connection acknowledges SETTINGS before it uses a window that they enlarge", async () => {
  const client = new RawClient();
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 1]));
  openAndSend(client, 5);
  await client.turn();
  client.frames();
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 10]));
  assert.deepEqual(client.told().slice(0, 2), ["SETTINGS ACK", "DATA 1 4"]);
});

Deno.test("Http2Connection sends headers, empty data and trailers in spite of empty windows", async () => {
  const client = new RawClient();
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 0]));
  openAndSend(client, 0);
  client.send(bareRequest(3));
  client.requests[1].stream.sendHeaders(OK, false);
  client.requests[1].stream.sendData(Buffer.alloc(0), 0, 0, true);
  await client.turn();
  assert.deepEqual(client.told().slice(1), [
    "HEADERS 1 :status=200",
    "DATA 1 0",
    "HEADERS 1 END_STREAM grpc-status=0",
    "HEADERS 3 :status=200",
    "DATA 3 END_STREAM 0",
  ]);
});

Deno.test("Http2Connection keeps the order of what a stream sends behind a closed window", async () => {
  const client = new RawClient();
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 3]), bareRequest(1));
  const { stream } = client.requests[0];
  stream.sendHeaders(OK, false);
  for (const text of ["abcd", "", "ef", "g"]) {
    stream.sendData(Buffer.from(text), 0, text.length, false, Buffer.from("+"));
  }
  stream.sendData(Buffer.alloc(0), 0, 0, true);
  await client.turn();
  client.send(windowUpdate(1, 100));
  const frames = client.frames().filter((told) => told.type === FrameType.DATA);
  assert.equal(Buffer.concat(frames.map((told) => told.payload)).toString(), "+abcd++ef+g");
  assert.deepEqual(frames.map((told) => told.flags), [0, 1]);
});

Deno.test("Http2Connection forgets what a stream had queued when it is reset", async () => {
  const client = new RawClient();
  openAndSend(client, 60_000, 60_000, 60_000);
  await client.turn();
  client.send(reset(3));
  assert.equal(client.context.budget.totalBytes, 60_000);
  client.frames();
  client.send(windowUpdate(0, 100_000));
  assert.deepEqual(received(client), { 5: "60000 end" });
  assert.equal(client.context.budget.totalBytes, 0);
});

Deno.test("Http2Stream tells its listener to stop at the high mark and to go on at the low", async () => {
  const client = new RawClient({ limits: { streamHighMarkBytes: 1000, streamLowMarkBytes: 300 } });
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 0]), bareRequest(1));
  const [request] = client.requests;
  request.stream.sendHeaders(OK, false);
  request.stream.sendData(Buffer.alloc(1000), 0, 1000, false);
  assert.equal(request.stream.congested, false);
  request.stream.sendData(Buffer.alloc(1), 0, 1, false);
  assert.equal(request.stream.congested, true);
  client.send(windowUpdate(1, 700));
  assert.equal(request.drainedCount, 0);
  client.send(windowUpdate(1, 2));
  assert.equal(request.drainedCount, 1);
  assert.equal(request.stream.congested, false);
  client.send(windowUpdate(1, 500));
  assert.equal(request.drainedCount, 1);
  await client.turn();
});

Deno.test("Http2Stream may send in drained() as much as it likes", async () => {
  const client = new RawClient({ limits: { streamHighMarkBytes: 1000, streamLowMarkBytes: 300 } });
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 0]), bareRequest(1));
  const [request] = client.requests;
  request.stream.sendHeaders(OK, false);
  let rounds = 0;
  const fill = (): void => {
    while (rounds < 49 && !request.stream.congested) {
      rounds++;
      request.stream.sendData(Buffer.alloc(2000), 0, 2000, rounds === 49);
    }
  };
  request.onDrained = fill;
  fill();
  let sum = 0;
  for (let i = 0; i < 20; i++) {
    client.send(windowUpdate(1, 5_000), windowUpdate(0, 5_000));
    for (const told of client.frames()) {
      if (told.type === FrameType.DATA) sum += told.payload.length;
    }
  }
  assert.equal(sum, 49 * 2000);
  assert.equal(client.connection.streamCount, 0);
  await client.turn();
});

Deno.test("Http2Stream hears no more of its request once its response is complete", async () => {
  const client = new RawClient();
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 0]), headers(1), headers(3));
  for (const { stream } of client.requests) {
    stream.sendResponse(OK, Buffer.alloc(9), 0, 9, TRAILERS);
  }
  client.send(data(1, "x"), data(1, "y", true), headers(3, ["x", "1"], 5), windowUpdate(1, 9));
  await client.turn();
  assert.deepEqual(received(client), { 1: "9 end" });
  for (const request of client.requests) {
    assert.deepEqual([request.body, request.ended, request.trailersSeen], ["", false, undefined]);
  }
});

Deno.test("Http2Connection leaves data with its stream while the socket does not keep up", async () => {
  const client = new RawClient({ limits: { outputMarkBytes: 50_000 } });
  client.send(windowUpdate(0, 10_000_000), settings([SettingId.INITIAL_WINDOW_SIZE, 10_000_000]));
  client.frames();
  client.send(bareRequest(1));
  client.socket.stuck = true;
  const { stream } = client.requests[0];
  stream.sendHeaders(OK, false);
  for (let i = 0; i < 100; i++) {
    stream.sendData(Buffer.alloc(10_000), 0, 10_000, false);
    await client.turn();
  }
  assert.equal(client.socket.pendingWriteCount, 1);
  assert(stream.bufferedBytes >= 950_000, `${stream.bufferedBytes}`);
  assert.equal(stream.congested, true);
  client.socket.stuck = false;
  assert.deepEqual(received(client), { 1: "1000000" });
  assert.equal(stream.congested, false);
});

Deno.test("Http2Connection gives the window back in large steps only", () => {
  const client = new RawClient();
  client.send(headers(1));
  const chunk = Buffer.alloc(16_384);
  for (let i = 0; i < 31; i++) client.send(data(1, chunk));
  assert.deepEqual(client.told(), []);
  client.send(data(1, chunk));
  assert.deepEqual(client.told(), ["WINDOW_UPDATE 1 524288"]);
  for (let i = 0; i < 96; i++) client.send(data(1, chunk));
  assert.deepEqual(client.told(), [
    "WINDOW_UPDATE 1 524288",
    "WINDOW_UPDATE 1 524288",
    "WINDOW_UPDATE 1 524288",
    "WINDOW_UPDATE 0 2097152",
  ]);
});

Deno.test("Http2Connection needs no stream WINDOW_UPDATE for many small requests", () => {
  const client = new RawClient();
  client.onStream = (request) =>
    request.onEnd = () => request.stream.sendHeaders([":status", "200"], true);
  const updates: string[] = [];
  for (let id = 1; id < 20_000; id += 2) {
    client.send(headers(id), data(id, Buffer.alloc(300), true));
    updates.push(...client.told().filter((line) => line.startsWith("WINDOW")));
  }
  assert.equal(updates.length, 1, "10 000 requests of 300 bytes");
});

Deno.test("Http2Connection counts padding and data of dead streams against the connection", async () => {
  const client = new RawClient({ limits: { connectionWindowBytes: 65_536 } });
  client.send(headers(1));
  client.requests[0].stream.reset(ErrorCode.CANCEL);
  await client.turn();
  client.frames();
  const padded = frame(FrameType.DATA, Flag.PADDED, 1, Buffer.alloc(16_384, 100));
  client.send(padded, padded);
  assert.deepEqual(client.told(), ["WINDOW_UPDATE 0 32768"]);
});

Deno.test("Http2Stream.pause() withholds the stream's window until resume()", async () => {
  const client = new RawClient({ limits: { streamWindowBytes: 32_768 } });
  client.send(headers(1));
  const { stream } = client.requests[0];
  stream.pause();
  const chunk = Buffer.alloc(16_384);
  client.send(data(1, chunk), data(1, chunk));
  assert.deepEqual(client.told(), []);
  stream.resume();
  await client.turn();
  assert.deepEqual(client.told(), ["WINDOW_UPDATE 1 32768"]);
  stream.pause();
  client.send(data(1, chunk), data(1, chunk), data(1, "x"), ping());
  assert.deepEqual(client.told(), [
    `RST_STREAM 1 ${ErrorCode.FLOW_CONTROL_ERROR}`,
    "PING ACK 12345678",
  ]);
  assert.equal(client.requests[0].closedWith, ErrorCode.FLOW_CONTROL_ERROR);
});

Deno.test("Http2Connection delivers every byte under random windows, sizes and stalls", async () => {
  const seed = 99;
  const prng = new Prng(seed);
  for (let round = 0; round < 30; round++) {
    const client = new RawClient({ limits: { outputMarkBytes: prng.between(1, 40_000) } });
    client.send(settings([SettingId.INITIAL_WINDOW_SIZE, prng.between(0, 5_000)]));
    const sizes = Array.from({ length: prng.between(1, 10) }, () => prng.between(0, 30_000));
    openAndSend(client, ...sizes);
    const bodies = sizes.map(() => 0);
    let open = sizes.length;
    for (let step = 0; open > 0; step++) {
      assert(step < 100_000, `seed ${seed}, round ${round}: no end`);
      client.socket.stuck = prng.chance(0.3);
      const id = prng.between(0, sizes.length - 1) * 2 + 1;
      if (prng.chance(0.5)) client.send(windowUpdate(id, prng.between(1, 4_000)));
      if (prng.chance(0.5)) client.send(windowUpdate(0, prng.between(1, 9_000)));
      if (prng.chance(0.05)) {
        client.send(settings([SettingId.INITIAL_WINDOW_SIZE, prng.between(0, 5_000)]));
        await client.turn();
        if (prng.chance(0.2)) client.clock.advance(20_000);
      }
      for (const told of client.frames()) {
        const index = (told.streamId - 1) / 2;
        if (told.type === FrameType.DATA) {
          assert(told.payload.every((byte) => byte === index + 1));
          bodies[index] += told.payload.length;
        }
        if (told.type === FrameType.HEADERS && (told.flags & Flag.END_STREAM) !== 0) open--;
        assert.notEqual(told.type, FrameType.GOAWAY, `seed ${seed}, round ${round}`);
      }
    }
    assert.deepEqual(bodies, sizes, `seed ${seed}, round ${round}`);
    assert.equal(client.context.budget.totalBytes, 0);
    client.hangUp();
  }
});
