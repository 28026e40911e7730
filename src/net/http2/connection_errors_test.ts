import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ErrorCode, Flag, FrameType, SettingId } from "./protocol.ts";
import {
  bareRequest,
  block,
  data,
  frame,
  goAway,
  headers,
  ping,
  PREFACE,
  REQUEST,
  reset,
  settings,
  uint32,
  windowUpdate,
} from "./testing/frames.ts";
import { RawClient } from "./testing/raw_client.ts";

const END_BOTH = Flag.END_HEADERS | Flag.END_STREAM;
const PRIORITY_PAYLOAD = Buffer.from([0, 0, 0, 0, 15]);

type ErrorName = keyof typeof ErrorCode;

/** What makes the connection fail, and with which code. */
const CONNECTION_ERRORS: Record<string, [ErrorName, ...Buffer[]]> = {
  "DATA on stream 0": ["PROTOCOL_ERROR", data(0, "x")],
  "DATA on an idle stream": ["PROTOCOL_ERROR", data(1, "x")],
  "DATA on a stream of the server": ["PROTOCOL_ERROR", bareRequest(3), data(2, "x")],
  "DATA with more padding than bytes": [
    "PROTOCOL_ERROR",
    headers(1),
    frame(FrameType.DATA, Flag.PADDED, 1, Buffer.from([4, 1, 2, 3])),
  ],
  "DATA without a pad length": [
    "FRAME_SIZE_ERROR",
    headers(1),
    frame(FrameType.DATA, Flag.PADDED, 1),
  ],
  "HEADERS on stream 0": ["PROTOCOL_ERROR", bareRequest(0)],
  "HEADERS on an even stream": ["PROTOCOL_ERROR", bareRequest(2)],
  "HEADERS on an even stream below the last": [
    "PROTOCOL_ERROR",
    bareRequest(5),
    bareRequest(4),
  ],
  "HEADERS on a stream that was skipped": ["STREAM_CLOSED", bareRequest(5), bareRequest(3)],
  "HEADERS on a stream that the client reset": [
    "STREAM_CLOSED",
    headers(1),
    reset(1),
    headers(1),
  ],
  "HEADERS with more padding than bytes": [
    "PROTOCOL_ERROR",
    frame(FrameType.HEADERS, END_BOTH | Flag.PADDED, 1, Buffer.from([9, 0x82])),
  ],
  "HEADERS without a pad length": [
    "FRAME_SIZE_ERROR",
    frame(FrameType.HEADERS, END_BOTH | Flag.PADDED, 1),
  ],
  "HEADERS too short for their priority": [
    "PROTOCOL_ERROR",
    frame(FrameType.HEADERS, END_BOTH | Flag.PRIORITY, 1, Buffer.from([0, 0, 0, 0])),
  ],
  "a header block that is not HPACK": [
    "COMPRESSION_ERROR",
    frame(FrameType.HEADERS, END_BOTH, 1, Buffer.from([0x80])),
  ],
  "bad HPACK on a stream that is ignored": [
    "COMPRESSION_ERROR",
    headers(1, [":method", "GET"]),
    frame(FrameType.HEADERS, END_BOTH, 1, Buffer.from([0x80])),
  ],
  "another frame within a header block": [
    "PROTOCOL_ERROR",
    headers(1, REQUEST, Flag.NONE),
    ping(),
  ],
  "a frame of unknown type within a header block": [
    "PROTOCOL_ERROR",
    headers(1, REQUEST, Flag.NONE),
    frame(77, 0, 1, "x"),
  ],
  "CONTINUATION of another stream": [
    "PROTOCOL_ERROR",
    headers(1, REQUEST, Flag.NONE),
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, 3, block("x", "1")),
  ],
  "CONTINUATION of nothing": [
    "PROTOCOL_ERROR",
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, block("x", "1")),
  ],
  "CONTINUATION behind a complete header block": [
    "PROTOCOL_ERROR",
    headers(1),
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, block("x", "1")),
  ],
  "PRIORITY on stream 0": [
    "PROTOCOL_ERROR",
    frame(FrameType.PRIORITY, 0, 0, PRIORITY_PAYLOAD),
  ],
  "PRIORITY of a wrong length on an idle stream": [
    "FRAME_SIZE_ERROR",
    frame(FrameType.PRIORITY, 0, 1, "1234"),
  ],
  "RST_STREAM on stream 0": ["PROTOCOL_ERROR", reset(0)],
  "RST_STREAM on an idle stream": ["PROTOCOL_ERROR", reset(1)],
  "RST_STREAM of a wrong length": [
    "FRAME_SIZE_ERROR",
    headers(1),
    frame(FrameType.RST_STREAM, 0, 1, "123"),
  ],
  "SETTINGS on a stream": ["PROTOCOL_ERROR", frame(FrameType.SETTINGS, 0, 1)],
  "SETTINGS of a wrong length": ["FRAME_SIZE_ERROR", frame(FrameType.SETTINGS, 0, 0, "12345")],
  "SETTINGS ack with a payload": [
    "FRAME_SIZE_ERROR",
    frame(FrameType.SETTINGS, Flag.ACK, 0, "123456"),
  ],
  "ENABLE_PUSH that is no boolean": ["PROTOCOL_ERROR", settings([SettingId.ENABLE_PUSH, 2])],
  "INITIAL_WINDOW_SIZE beyond 2^31-1": [
    "FLOW_CONTROL_ERROR",
    settings([SettingId.INITIAL_WINDOW_SIZE, 0x8000_0000]),
  ],
  "MAX_FRAME_SIZE below the least": [
    "PROTOCOL_ERROR",
    settings([SettingId.MAX_FRAME_SIZE, 16_383]),
  ],
  "MAX_FRAME_SIZE above the most": [
    "PROTOCOL_ERROR",
    settings([SettingId.MAX_FRAME_SIZE, 16_777_216]),
  ],
  "INITIAL_WINDOW_SIZE that overflows a stream's window": [
    "FLOW_CONTROL_ERROR",
    headers(1),
    windowUpdate(1, 0x7fff_0000),
    settings([SettingId.INITIAL_WINDOW_SIZE, 0x7fff_ffff]),
  ],
  "PUSH_PROMISE": [
    "PROTOCOL_ERROR",
    headers(1),
    frame(FrameType.PUSH_PROMISE, Flag.END_HEADERS, 1, uint32(2)),
  ],
  "PING on a stream": ["PROTOCOL_ERROR", frame(FrameType.PING, 0, 1, "12345678")],
  "PING of a wrong length": ["FRAME_SIZE_ERROR", ping("1234567")],
  "GOAWAY on a stream": ["PROTOCOL_ERROR", frame(FrameType.GOAWAY, 0, 1, "12345678")],
  "GOAWAY of a wrong length": ["FRAME_SIZE_ERROR", frame(FrameType.GOAWAY, 0, 0, "1234567")],
  "WINDOW_UPDATE of zero for the connection": ["PROTOCOL_ERROR", windowUpdate(0, 0)],
  "WINDOW_UPDATE on an idle stream": ["PROTOCOL_ERROR", windowUpdate(1, 1)],
  "WINDOW_UPDATE of a wrong length": [
    "FRAME_SIZE_ERROR",
    frame(FrameType.WINDOW_UPDATE, 0, 0, "123"),
  ],
  "WINDOW_UPDATE that overflows the connection": [
    "FLOW_CONTROL_ERROR",
    windowUpdate(0, 0x7fff_ffff),
  ],
  "a frame that is too long": ["FRAME_SIZE_ERROR", data(1, Buffer.alloc(16_385))],
};

Deno.test("Http2Connection fails with the right code when a rule of the connection is broken", () => {
  for (const [name, [errorName, ...frames]] of Object.entries(CONNECTION_ERRORS)) {
    const client = new RawClient();
    client.send(...frames);
    const last = client.told().at(-1) ?? "";
    assert.match(last, new RegExp(`^GOAWAY \\d+ ${ErrorCode[errorName]}$`), `${name}: ${last}`);
    assert.equal(client.socket.ended, true, name);
    client.send(ping());
    assert.deepEqual(client.told(), [], `${name}: nothing more is answered`);
    for (const request of client.requests) assert(request.closedCount <= 1, name);
    client.hangUp();
    assert.equal(client.closeCount, 1, name);
  }
});

/** What makes only a stream fail. Stream 1 is open, stream 3 must still work. */
const STREAM_ERRORS: Record<string, [ErrorName, ...Buffer[]]> = {
  "a malformed request": ["PROTOCOL_ERROR", headers(1, [":method", "GET"])],
  "a field name with capitals": ["PROTOCOL_ERROR", headers(1, [...REQUEST, "Abc", "1"])],
  "a second header block that does not end the stream": [
    "PROTOCOL_ERROR",
    headers(1),
    headers(1, ["x", "1"]),
  ],
  "pseudo fields in trailers": [
    "PROTOCOL_ERROR",
    headers(1),
    headers(1, [":path", "/"], END_BOTH),
  ],
  "DATA behind the end of the request": ["STREAM_CLOSED", bareRequest(1), data(1, "x")],
  "HEADERS behind the end of the request": [
    "STREAM_CLOSED",
    bareRequest(1),
    headers(1, ["x", "1"], END_BOTH),
  ],
  "DATA on a stream that the client reset": ["STREAM_CLOSED", headers(1), reset(1), data(1, "x")],
  "WINDOW_UPDATE of zero": ["PROTOCOL_ERROR", headers(1), windowUpdate(1, 0)],
  "WINDOW_UPDATE that overflows": [
    "FLOW_CONTROL_ERROR",
    headers(1),
    windowUpdate(1, 0x7fff_ffff),
  ],
  "PRIORITY of a wrong length": [
    "FRAME_SIZE_ERROR",
    headers(1),
    frame(FrameType.PRIORITY, 0, 1, "1234"),
  ],
  "more data than content-length says": [
    "PROTOCOL_ERROR",
    headers(1, [...REQUEST, "content-length", "3"]),
    data(1, "ab"),
    data(1, "cd"),
  ],
  "less data than content-length says": [
    "PROTOCOL_ERROR",
    headers(1, [...REQUEST, "content-length", "3"]),
    data(1, "ab", true),
  ],
  "less data than content-length says before trailers": [
    "PROTOCOL_ERROR",
    headers(1, [...REQUEST, "content-length", "3"]),
    data(1, "ab"),
    headers(1, ["x", "1"], END_BOTH),
  ],
  "no data where content-length says some": [
    "PROTOCOL_ERROR",
    headers(1, [...REQUEST, "content-length", "3"], END_BOTH),
  ],
};

Deno.test("Http2Connection resets only the stream when a rule of the stream is broken", () => {
  for (const [name, [errorName, ...frames]] of Object.entries(STREAM_ERRORS)) {
    const client = new RawClient();
    client.send(...frames);
    assert.deepEqual(client.told(), [`RST_STREAM 1 ${ErrorCode[errorName]}`], name);
    client.send(bareRequest(3));
    const request = client.requests.at(-1);
    assert.equal(request?.stream.id, 3, name);
    request.stream.sendHeaders([":status", "204"], true);
    client.send(ping());
    assert.deepEqual(client.told(), ["HEADERS 3 END_STREAM :status=204", "PING ACK 12345678"]);
    client.hangUp();
  }
});

Deno.test("Http2Connection tells the listener once when its stream fails", () => {
  const client = new RawClient();
  client.send(headers(1), windowUpdate(1, 0));
  assert.equal(client.requests[0].closedWith, ErrorCode.PROTOCOL_ERROR);
  client.send(ping("", 0));
  client.hangUp();
  assert.equal(client.requests[0].closedCount, 1);
});

Deno.test("Http2Connection closes all streams with the code of the connection error", () => {
  const client = new RawClient();
  client.send(headers(1), headers(3), data(0, "x"));
  assert.deepEqual(client.told(), [`GOAWAY 3 ${ErrorCode.PROTOCOL_ERROR}`]);
  assert.deepEqual(client.requests.map((request) => request.closedWith), [1, 1]);
});

/** What must be passed over in silence. */
const IGNORED: Record<string, Buffer[]> = {
  "a frame of unknown type": [frame(99, 0xff, 5, "hello")],
  "an unknown setting": [settings([0x99, 5])],
  "PRIORITY on an idle stream": [frame(FrameType.PRIORITY, 0, 7, PRIORITY_PAYLOAD)],
  "WINDOW_UPDATE on a closed stream": [headers(1), reset(1), windowUpdate(1, 5)],
  "WINDOW_UPDATE of zero on a closed stream": [headers(1), reset(1), windowUpdate(1, 0)],
  "RST_STREAM on a closed stream": [headers(1), reset(1), reset(1)],
  "an unasked PING ack": [ping("87654321", Flag.ACK)],
  "an unasked SETTINGS ack": [frame(FrameType.SETTINGS, Flag.ACK, 0)],
  "GOAWAY while a stream is open": [headers(1), goAway(0, 99)],
  "undefined flags": [headers(1, REQUEST, Flag.END_HEADERS | 0xd2)],
};

Deno.test("Http2Connection ignores what RFC 9113 says to ignore", () => {
  for (const [name, frames] of Object.entries(IGNORED)) {
    const client = new RawClient();
    client.send(...frames);
    const told = client.told().filter((line) => line !== "SETTINGS ACK");
    assert.deepEqual(told, [], name);
    client.send(ping());
    assert.deepEqual(client.told(), ["PING ACK 12345678"], name);
    client.hangUp();
  }
});

Deno.test("Http2Connection ignores frames under way for a stream that it reset", () => {
  const client = new RawClient();
  client.send(headers(1));
  client.requests[0].stream.reset(ErrorCode.CANCEL);
  client.send(data(1, "x"), windowUpdate(1, 9), headers(1, ["x", "1"], END_BOTH), reset(1));
  client.send(ping());
  assert.deepEqual(client.told(), ["RST_STREAM 1 8", "PING ACK 12345678"]);
  assert.equal(client.requests[0].body, "");
  assert.equal(client.requests[0].closedCount, 0);
});

Deno.test("Http2Connection refuses a connection that does not begin as it must", () => {
  const beginnings: Record<string, Uint8Array[]> = {
    "another protocol": [Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    "a torn preface": [PREFACE.subarray(0, 20), settings()],
    "a frame before SETTINGS": [PREFACE, ping()],
    "SETTINGS ack before SETTINGS": [PREFACE, frame(FrameType.SETTINGS, Flag.ACK, 0)],
    "a header block before SETTINGS": [PREFACE, headers(1, REQUEST, Flag.NONE)],
  };
  for (const [name, frames] of Object.entries(beginnings)) {
    const client = new RawClient({ handshake: false });
    client.send(...frames);
    const told = client.told();
    assert.deepEqual(told, ["SETTINGS", "WINDOW_UPDATE 0 4128769", "GOAWAY 0 1"], name);
    assert.equal(client.socket.ended, true, name);
    assert.equal(client.requests.length, 0, name);
    client.hangUp();
  }
});

Deno.test("Http2Connection is destroyed when a handler throws, and the server's owner is told", () => {
  const defects: unknown[] = [];
  const client = new RawClient({ onDefect: (error) => defects.push(error) });
  const defect = new Error("a defect");
  client.send(bareRequest(1));
  client.onStream = () => {
    throw defect;
  };
  client.send(bareRequest(3), bareRequest(5));
  assert.deepEqual(defects, [defect]);
  assert.equal(client.socket.destroyed, true);
  assert.equal(client.requests[0].closedCount, 1, "what was open hears of its end");
});
