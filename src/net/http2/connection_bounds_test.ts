import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
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
  windowUpdate,
} from "./testing/frames.ts";
import { RawClient, type RawClientOptions } from "./testing/raw_client.ts";

const OK: readonly string[] = [":status", "200"];
const CALM = new RegExp(`^GOAWAY \\d+ ${ErrorCode.ENHANCE_YOUR_CALM}$`);
const PRIORITY_PAYLOAD = Buffer.from([0, 0, 0, 0, 15]);

/** Sends frame after frame until the connection fails; how many it took. */
function framesUntilCalm(
  client: RawClient,
  mostCount: number,
  next: (i: number) => Buffer,
): number {
  for (let i = 0; i < mostCount; i++) {
    client.send(next(i));
    const last = client.told().at(-1) ?? "";
    if (!client.socket.ended) continue;
    assert.match(last, CALM);
    return i + 1;
  }
  return Infinity;
}

interface Flood {
  readonly bound: number;
  readonly before?: Buffer;
  readonly next: (i: number) => Buffer;
  readonly options?: RawClientOptions;
}

const SMALL = { maxControlFramesPerWindow: 500, maxResetsPerWindow: 100 };

/** Each flood, and how many frames of it one window takes. */
const FLOODS: Record<string, Flood> = {
  "SETTINGS": { bound: 100, next: () => settings() },
  "SETTINGS acks": { bound: 100, next: () => frame(FrameType.SETTINGS, Flag.ACK, 0) },
  "PING acks": { bound: 500, next: () => ping("12345678", Flag.ACK) },
  "PRIORITY": { bound: 500, next: () => frame(FrameType.PRIORITY, 0, 1, PRIORITY_PAYLOAD) },
  "WINDOW_UPDATE": { bound: 500, next: () => windowUpdate(0, 1) },
  "WINDOW_UPDATE of a stream": { bound: 500, before: headers(1), next: () => windowUpdate(1, 1) },
  "frames of unknown type": { bound: 500, next: (i) => frame(100 + i % 100, 0, i, "") },
  "empty DATA": { bound: 1000, before: headers(1), next: () => data(1, "") },
  "padding alone": {
    bound: 1000,
    before: headers(1),
    next: () => frame(FrameType.DATA, Flag.PADDED, 1, Buffer.from([1, 0])),
  },
  "RST_STREAM of closed streams": {
    bound: 500,
    before: Buffer.concat([headers(1), reset(1)]),
    next: () => reset(1),
  },
  "rapid reset": {
    bound: 100,
    next: (i) => Buffer.concat([headers(2 * i + 1), reset(2 * i + 1)]),
  },
  "streams that make the server reset them": {
    bound: 100,
    next: (i) => Buffer.concat([headers(2 * i + 1), windowUpdate(2 * i + 1, 0)]),
  },
  "malformed requests": { bound: 100, next: (i) => headers(2 * i + 1, [":method", "GET"]) },
  "streams beyond the bound": {
    bound: 101,
    next: (i) => headers(2 * i + 1),
    options: { maxConcurrentStreams: 1 },
  },
  "DATA for streams that are closed": {
    bound: 100,
    before: Buffer.concat([headers(1), reset(1)]),
    next: () => data(1, "x"),
    options: { limits: { ...SMALL, rememberedResets: 0 } },
  },
};

Deno.test("Http2Connection ends a flood with ENHANCE_YOUR_CALM", () => {
  for (const [name, flood] of Object.entries(FLOODS)) {
    const client = new RawClient({ limits: SMALL, ...flood.options });
    if (flood.before !== undefined) client.send(flood.before);
    const count = framesUntilCalm(client, flood.bound * 2, flood.next);
    assert(count <= flood.bound + 1, `${name}: ${count}`);
    assert(count >= flood.bound - 2, `${name}: ${count}`);
    client.hangUp();
  }
});

Deno.test("Http2Connection puts up with the same frames over a long time", () => {
  for (const [name, flood] of Object.entries(FLOODS)) {
    const client = new RawClient({ limits: SMALL, ...flood.options });
    if (flood.before !== undefined) client.send(flood.before);
    let count = 0;
    for (let window = 0; window < 5; window++) {
      for (let i = 0; i < flood.bound - 5; i++) client.send(flood.next(count++));
      client.frames();
      client.clock.advance(10_000);
    }
    assert.equal(client.socket.ended, false, name);
    client.hangUp();
  }
});

Deno.test("Http2Connection puts up with control frames that go with requests and data", () => {
  const client = new RawClient({ limits: SMALL });
  client.onStream = (request) => request.onData = () => request.stream.sendHeaders(OK, true);
  for (let id = 1; id < 4_000; id += 2) {
    client.send(headers(id), data(id, "x"), windowUpdate(0, 1), windowUpdate(0, 1), ping());
    client.frames();
  }
  assert.equal(client.socket.ended, false);
});

Deno.test("Http2Connection puts up with control frames that go with data of one stream", async () => {
  const client = new RawClient({ limits: SMALL });
  client.send(headers(1));
  const { stream } = client.requests[0];
  stream.sendHeaders(OK, false);
  for (let i = 0; i < 2_000; i++) {
    stream.sendData(Buffer.alloc(10), 0, 10, false);
    await client.turn();
    client.send(windowUpdate(0, 10), windowUpdate(1, 10), ping());
    client.frames();
  }
  assert.equal(client.socket.ended, false);
});

Deno.test("Http2Connection tells a listener once when its reset is one too many", () => {
  const client = new RawClient({ limits: { maxResetsPerWindow: 0 } });
  client.send(headers(1), headers(3), windowUpdate(1, 0));
  assert.match(client.told().at(-1) ?? "", CALM);
  assert.deepEqual(client.requests.map((request) => request.closedCount), [1, 1]);
});

Deno.test("Http2Connection bounds the size of a header block and its frames", () => {
  const large = new RawClient();
  large.send(headers(1, REQUEST, Flag.NONE));
  const full = (): Buffer => frame(FrameType.CONTINUATION, 0, 1, Buffer.alloc(16_384));
  assert.equal(framesUntilCalm(large, 100, full), 4);
  const many = new RawClient();
  many.send(headers(1, REQUEST, Flag.NONE));
  const empty = (): Buffer => frame(FrameType.CONTINUATION, 0, 1, "");
  assert.equal(framesUntilCalm(many, 100, empty), 33);
  const slow = new RawClient();
  slow.send(headers(1, REQUEST, Flag.NONE));
  slow.clock.advance(9_000);
  assert.equal(slow.socket.destroyed, false);
  slow.clock.advance(2_000);
  assert.equal(slow.socket.destroyed, true);
});

Deno.test("Http2Connection takes a header block that comes in many frames in time", () => {
  const client = new RawClient();
  const whole = block(...REQUEST);
  client.send(frame(FrameType.HEADERS, Flag.END_STREAM, 1, ""));
  for (let i = 0; i < 31; i++) {
    client.send(frame(FrameType.CONTINUATION, 0, 1, whole.subarray(i, i + 1)));
  }
  client.send(frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, whole.subarray(31)));
  assert.deepEqual(client.requests[0].headers.fields, REQUEST);
});

Deno.test("Http2Connection gives up a client that does not finish its preface", () => {
  for (const sent of [Buffer.alloc(0), PREFACE.subarray(0, 10), PREFACE]) {
    const client = new RawClient({ handshake: false });
    client.send(sent);
    client.clock.advance(19_000);
    assert.equal(client.socket.destroyed, false);
    client.clock.advance(2_000);
    assert.equal(client.socket.destroyed, true);
    assert.equal(client.closeCount, 1);
  }
});

Deno.test("Http2Connection stops reading from a peer that does not read", async () => {
  const client = new RawClient({ limits: { readPauseBytes: 1_000 } });
  client.socket.stuck = true;
  client.onStream = ({ stream }) =>
    stream.sendHeaders([...OK, "x", String(stream.id).repeat(300)], true);
  client.send(bareRequest(1), bareRequest(3));
  assert.equal(client.socket.paused, false);
  client.send(bareRequest(5), bareRequest(7), bareRequest(9), bareRequest(11));
  assert.equal(client.socket.paused, true);
  await client.turn();
  client.socket.stuck = false;
  assert.equal(client.told().length, 6);
  assert.equal(client.socket.paused, false);
});

Deno.test("Http2Connection is destroyed when a write makes no progress for too long", async () => {
  const client = new RawClient();
  client.send(bareRequest(1));
  client.socket.stuck = true;
  client.requests[0].stream.sendHeaders(OK, false);
  await client.turn();
  for (let i = 0; i < 3; i++) {
    client.clock.advance(58_000);
    assert.equal(client.socket.destroyed, false);
    client.socket.completeWrites();
    client.requests[0].stream.sendData(Buffer.alloc(9), 0, 9, false);
    await client.turn();
  }
  client.clock.advance(62_000);
  assert.equal(client.socket.destroyed, true);
  assert.equal(client.requests[0].closedWith, ErrorCode.CANCEL);
});

Deno.test("Http2Connection is destroyed when its output goes beyond the bound", async () => {
  const client = new RawClient({ limits: { maxOutputBytes: 2_000 } });
  client.socket.stuck = true;
  client.send(bareRequest(1), ping());
  for (let i = 0; i < 10; i++) {
    client.requests[0].stream.sendHeaders([...OK, "x", `${i}`.repeat(300)], false);
    await client.turn();
  }
  await client.turn();
  assert.equal(client.socket.destroyed, true);
  assert.equal(client.closeCount, 1);
});

Deno.test("Http2Connection is destroyed when it buffers beyond the connection's bound", async () => {
  const client = new RawClient({ limits: { maxBufferedConnectionBytes: 10_000 } });
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 0]), bareRequest(1), bareRequest(3));
  client.requests[0].stream.sendData(Buffer.alloc(9_000), 0, 9_000, true);
  await client.turn();
  assert.equal(client.socket.destroyed, false);
  client.requests[1].stream.sendData(Buffer.alloc(2_000), 0, 2_000, true);
  assert.equal(client.requests[0].closedCount, 0, "not in the midst of sending");
  await client.turn();
  assert.equal(client.socket.destroyed, true);
  assert.equal(client.requests[0].closedCount, 1);
  assert.equal(client.context.budget.totalBytes, 0);
});

Deno.test("Http2Connection refuses streams while its peer has too much to take", async () => {
  const client = new RawClient({ limits: { maxBufferedForNewStreamBytes: 10_000 } });
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 0]), bareRequest(1), bareRequest(3));
  client.requests[0].stream.sendData(Buffer.alloc(11_000), 0, 11_000, true);
  await client.turn();
  client.told();
  client.send(bareRequest(5));
  await client.turn();
  assert.deepEqual(client.told(), [`RST_STREAM 5 ${ErrorCode.REFUSED_STREAM}`]);
  assert.equal(client.requests.length, 2);
  client.send(settings([SettingId.INITIAL_WINDOW_SIZE, 60_000]));
  await client.turn();
  client.send(bareRequest(7));
  await client.turn();
  assert.equal(client.requests.length, 3, "once the data is taken, requests are served again");
});

Deno.test("Http2Connection pings a silent client and destroys it without an answer", async () => {
  const options = { keepAliveIntervalMs: 60_000, keepAliveTimeoutMs: 20_000 };
  const client = new RawClient(options);
  client.clock.advance(61_000);
  await client.turn();
  assert.deepEqual(client.told(), ["PING detcd-ka"]);
  client.send(ping("detcd-ka", Flag.ACK));
  client.clock.advance(59_000);
  await client.turn();
  assert.deepEqual(client.told(), []);
  client.clock.advance(3_000);
  await client.turn();
  assert.deepEqual(client.told(), ["PING detcd-ka"]);
  client.clock.advance(21_000);
  assert.equal(client.socket.destroyed, true);
});

Deno.test("Http2Connection ends with too_many_pings when a client pings too often", () => {
  const idle = new RawClient();
  assert.equal(framesUntilCalm(idle, 10, () => ping()), 4);
  const busy = new RawClient({ minClientPingIntervalMs: 5_000 });
  busy.send(headers(1));
  for (let i = 0; i < 100; i++) {
    busy.send(ping());
    assert.deepEqual(busy.told(), ["PING ACK 12345678"]);
    busy.clock.advance(5_000);
  }
  busy.send(ping(), ping(), ping(), ping());
  const goAway = busy.frames().at(-1);
  assert.match(goAway?.told ?? "", CALM);
  assert.equal(goAway?.payload.toString("latin1", 8), "too_many_pings");
});
