import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import { GrpcServer } from "./server.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import {
  deliver,
  FakeStream,
  frameMessage,
  openStream,
  requestHeaders,
} from "./testing/fake_stream.ts";
import { UnfinishedMessage } from "./unfinished_message.ts";
import {
  BIDI,
  MAX_RECEIVE_BYTES,
  message,
  newFixture,
  NO_STATE,
  UNARY,
} from "./testing/echo_server.ts";

const VIOLATIONS: Record<string, [string, Uint8Array, string]> = {
  "a message is too large": [
    UNARY,
    new Uint8Array([0, 0, 0, 3, 233]),
    "8 grpc: received message larger than max (1001 vs. 1000)",
  ],
  "a message is far too large": [
    BIDI,
    new Uint8Array([0, 255, 255, 255, 255]),
    "8 grpc: received message larger than max (4294967295 vs. 1000)",
  ],
  "a flag is unknown": [
    UNARY,
    message("a", 2),
    "13 grpc: received unexpected payload format 2",
  ],
  "a message is compressed without an encoding": [
    UNARY,
    message("a", 1),
    "13 grpc: compressed flag set with identity or empty encoding",
  ],
  "the request ends within a message": [BIDI, message("abc").subarray(0, 7), "13 unexpected EOF"],
  "the request ends within a prefix": [UNARY, message("abc").subarray(0, 3), "13 unexpected EOF"],
  "a unary request has no message": [
    UNARY,
    new Uint8Array(0),
    "13 cardinality violation: received no request message from non-client-streaming RPC",
  ],
  "a unary request has two messages": [
    "/test.Echo/Hold",
    new Uint8Array([...message("a"), ...message("b")]),
    "13 cardinality violation: received multiple request messages for non-client-streaming RPC",
  ],
  "a server-streaming request has two messages": [
    "/test.Echo/ServerStream",
    new Uint8Array([...message("a"), ...message("b")]),
    "13 cardinality violation: received multiple request messages for non-client-streaming RPC",
  ],
};

for (const [what, [path, bytes, status]] of Object.entries(VIOLATIONS)) {
  Deno.test(`a call ends with an error when ${what}`, () => {
    for (const step of [1, bytes.length + 1]) {
      const { server } = newFixture();
      const stream = openStream(server, { ":path": path });
      for (let i = 0; i < bytes.length; i += step) {
        if (!stream.finished) deliver(stream, bytes.subarray(i, i + step));
      }
      if (!stream.finished) stream.listener?.end();
      assert.equal(stream.status, status);
      assert.deepEqual(server.counters, NO_STATE);
    }
  });
}

Deno.test("a call ends with an error when the headers end a request that needs a message", () => {
  const { server } = newFixture();
  const stream = new FakeStream();
  server.stream(stream, requestHeaders(), true);
  assert.match(stream.status, /^13 cardinality violation: received no request message/);
});

Deno.test("a call takes a message of just the allowed size", () => {
  const stream = openStream(newFixture().server);
  deliver(stream, frameMessage(new Uint8Array(MAX_RECEIVE_BYTES)));
  assert.equal(stream.messages[0].bytes.length, MAX_RECEIVE_BYTES);
});

Deno.test("a call in gzip is answered in gzip", () => {
  const { server, recorder } = newFixture();
  const unary = openStream(server, { "grpc-encoding": "gzip" });
  deliver(unary, frameMessage(gzipSync(bytesFromText("hello")), 1));
  assert.equal(unary.field("grpc-encoding"), "gzip");
  assert.equal(unary.messages[0].flag, 1);
  assert.equal(textFromBytes(gunzipSync(unary.messages[0].bytes)), "hello");
  const stream = openStream(server, { ":path": BIDI, "grpc-encoding": "gzip" });
  deliver(stream, message("plain in between"));
  assert.deepEqual(recorder.messages, ["plain in between"]);
  recorder.call?.send(bytesFromText("a"), 0, 1);
  recorder.call?.send(bytesFromText(""), 0, 0);
  assert.deepEqual(stream.messages.map(({ flag }) => flag), [1, 0]);
});

Deno.test("a call in gzip ends with an error when the message expands beyond the limit", () => {
  const { server } = newFixture();
  const stream = openStream(server, { "grpc-encoding": "gzip" });
  deliver(stream, frameMessage(gzipSync(new Uint8Array(MAX_RECEIVE_BYTES + 1)), 1));
  assert.equal(
    stream.status,
    "8 grpc: received message after decompression larger than max 1000",
  );
  const exact = openStream(server, { "grpc-encoding": "gzip" });
  deliver(exact, frameMessage(gzipSync(new Uint8Array(MAX_RECEIVE_BYTES)), 1));
  assert.equal(exact.status, "0");
});

Deno.test("a call in gzip ends with an error when the message is not gzip", () => {
  const stream = openStream(newFixture().server, { "grpc-encoding": "gzip" });
  deliver(stream, message("nonsense", 1));
  assert.match(stream.status, /^13 grpc: failed to decompress the message: /);
});

Deno.test("GrpcServer leaves no state when 10 000 calls are cancelled", () => {
  const { server, clock, held } = newFixture();
  for (let i = 0; i < 10_000; i++) {
    const stream = openStream(server, { ":path": "/test.Echo/Hold", "grpc-timeout": "10S" });
    deliver(stream, i % 2 === 0 ? message("a") : message("a").subarray(0, 5));
    if (i % 100 === 0) clock.advance(20);
    stream.listener?.closed(8);
  }
  assert.equal(held.length, 5_000);
  assert.deepEqual(server.counters, NO_STATE);
  clock.advance(20);
  assert.equal(clock.timerCount, 0);
});

Deno.test("GrpcServer leaves no state when 10 000 deadlines pass", () => {
  const { server, clock } = newFixture();
  const streams = Array.from({ length: 10_000 }, (_, i) => {
    return openStream(server, { ":path": "/test.Echo/Hold", "grpc-timeout": `${1 + i % 977}m` });
  });
  assert.equal(server.counters.activeCalls, 10_000);
  assert.equal(clock.timerCount, 1);
  clock.advance(5000);
  for (const stream of streams) assert.equal(stream.status, "4 context deadline exceeded");
  assert.deepEqual(server.counters, NO_STATE);
  assert.equal(clock.timerCount, 0);
});

Deno.test("GrpcServer leaves no state when 10 000 requests are too large", () => {
  const { server } = newFixture();
  for (let i = 0; i < 10_000; i++) {
    const stream = openStream(server, { "grpc-timeout": "1H" });
    deliver(stream, new Uint8Array([0, 1]));
    deliver(stream, new Uint8Array([0, 0, 0, 1, 1, 1]));
    assert.match(stream.status, /^8 grpc: received message larger/);
  }
  assert.deepEqual(server.counters, NO_STATE);
  server.close();
});

Deno.test("a call ends with an error when unfinished messages take too much in all", () => {
  const server = new GrpcServer({
    clock: new ManualClock(),
    maxReceiveMessageBytes: 1 << 20,
    maxSendMessageBytes: 1 << 20,
    maxUnfinishedBytes: 10_000,
  });
  server.addUnary(UNARY, (call, bytes, start, end) => call.respond(bytes, start, end));
  const begun = frameMessage(new Uint8Array(6_000));
  const first = openStream(server);
  deliver(first, begun.subarray(0, 5_000));
  const second = openStream(server);
  deliver(second, begun.subarray(0, 5_999));
  assert.equal(second.status, "8 grpc: too many unfinished messages");
  deliver(first, begun.subarray(5_000));
  assert.equal(first.status, "0");
  assert.deepEqual(server.counters, NO_STATE);
});

Deno.test("UnfinishedMessage takes memory for what has come, not for what is announced", () => {
  const unfinished = new UnfinishedMessage();
  const begin = new Uint8Array([0, 0x7f, 0, 0, 0, ...new Uint8Array(5)]);
  let position = 0;
  while (position < begin.length) position = unfinished.append(begin, position, begin.length);
  assert(unfinished.capacity <= 1024);
  for (let i = 0; i < 100; i++) unfinished.append(new Uint8Array(1000), 0, 1000);
  assert.equal(unfinished.length, 100_010);
  assert(unfinished.capacity <= 2 * unfinished.length);
});
