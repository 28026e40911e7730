import assert from "node:assert/strict";
import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { Metadata } from "./metadata.ts";
import type { EndReason } from "./server_call.ts";
import { deliver, FakeStream, openStream } from "./testing/fake_stream.ts";
import {
  BIDI,
  MAX_RECEIVE_BYTES,
  MAX_SEND_BYTES,
  message,
  newFixture,
  NO_STATE,
} from "./testing/echo_server.ts";

function textsOf(stream: FakeStream): string[] {
  return stream.messages.map(({ bytes }) => textFromBytes(bytes));
}

Deno.test("a unary call gets its answer when the request comes in one piece", () => {
  const { server } = newFixture();
  const stream = openStream(server);
  deliver(stream, message("hello"));
  assert.deepEqual(textsOf(stream), ["hello"]);
  assert.equal(stream.status, "0");
  assert.deepEqual(stream.headers, [
    [":status", "200", "content-type", "application/grpc"],
    ["grpc-status", "0"],
  ]);
  stream.listener?.end();
  assert.deepEqual(server.counters, NO_STATE);
});

Deno.test("a unary call gets its answer when the request is split anywhere", () => {
  const { server } = newFixture();
  const bytes = message("hello");
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const stream = openStream(server);
      deliver(stream, bytes.subarray(0, first));
      deliver(stream, bytes.subarray(first, second));
      deliver(stream, bytes.subarray(second));
      assert.deepEqual(textsOf(stream), ["hello"]);
      assert.deepEqual(server.counters, NO_STATE);
    }
  }
});

Deno.test("a unary call gets its answer when the message is empty", () => {
  const stream = openStream(newFixture().server);
  deliver(stream, message(""));
  assert.deepEqual(textsOf(stream), [""]);
});

Deno.test("a stream hears every message when many come in one piece", () => {
  const { server, recorder } = newFixture();
  const stream = openStream(server, { ":path": BIDI });
  const bytes = new Uint8Array([...message("a"), ...message(""), ...message("bc"), 0, 0]);
  deliver(stream, bytes);
  assert.deepEqual(recorder.messages, ["a", "", "bc"]);
  assert.equal(recorder.halfClosedCount, 0);
  deliver(stream, new Uint8Array([0, 0, 1, 0x64]));
  stream.listener?.end();
  assert.deepEqual(recorder.messages, ["a", "", "bc", "d"]);
  assert.equal(recorder.halfClosedCount, 1);
  recorder.call?.end();
  assert.deepEqual(server.counters, NO_STATE);
});

Deno.test("a stream hears no more messages when the call finished at one of them", () => {
  const { server, recorder } = newFixture();
  const stream = openStream(server, { ":path": BIDI });
  recorder.message = () => {
    recorder.messages.push("x");
    recorder.call?.fail(GrpcCode.Aborted, "enough");
  };
  deliver(stream, new Uint8Array([...message("a"), ...message("b"), 0]));
  deliver(stream, message("c"));
  stream.listener?.end();
  assert.deepEqual(recorder.messages, ["x"]);
  assert.equal(recorder.halfClosedCount, 0);
  assert.deepEqual(server.counters, NO_STATE);
});

Deno.test("a stream without messages is answered with trailers only", () => {
  const { server, recorder } = newFixture();
  const stream = openStream(server, { ":path": BIDI });
  recorder.call?.end();
  assert.deepEqual(stream.headers, [
    [":status", "200", "content-type", "application/grpc", "grpc-status", "0"],
  ]);
});

Deno.test("ServerCall.send() sends headers once and tells when to wait", () => {
  const { server, recorder } = newFixture();
  const stream = openStream(server, { ":path": BIDI });
  const call = recorder.call;
  assert(call !== undefined);
  let drains = 0;
  call.onDrain = () => drains++;
  assert.equal(call.send(bytesFromText("a"), 0, 1), true);
  stream.congested = true;
  assert.equal(call.send(bytesFromText("xby"), 1, 2), false);
  stream.congested = false;
  stream.listener?.drained();
  assert.equal(drains, 1);
  call.end();
  stream.listener?.drained();
  assert.equal(drains, 1);
  assert.deepEqual(textsOf(stream), ["a", "b"]);
  assert.equal(stream.status, "0");
});

Deno.test("ServerCall.pause() reaches the stream, and so does resume()", () => {
  const { server, recorder } = newFixture();
  const stream = openStream(server, { ":path": BIDI });
  recorder.call?.pause();
  assert.equal(stream.paused, true);
  recorder.call?.resume();
  assert.equal(stream.paused, false);
});

Deno.test("ServerCall.fail() answers with trailers only when nothing was sent", () => {
  const { server, held } = newFixture();
  const stream = openStream(server, { ":path": "/test.Echo/Hold" });
  deliver(stream, message("a"));
  held[0].fail(GrpcCode.NotFound, "100% föul\n");
  assert.equal(stream.field("grpc-message"), "100%25 f%C3%B6ul%0A");
  assert.equal(stream.status, "5 100% föul\n");
  assert.equal(stream.headers.length, 1);
  // A finished call takes no notice of anything.
  held[0].respond(new Uint8Array(1), 0, 1);
  held[0].fail(GrpcCode.Internal, "again");
  held[0].end();
  assert.equal(held[0].send(new Uint8Array(1), 0, 1), true);
  assert.equal(stream.headers.length, 1);
});

Deno.test("ServerCall.fail() answers with trailers when messages were sent", () => {
  const { server, recorder } = newFixture();
  const stream = openStream(server, { ":path": BIDI });
  recorder.call?.send(bytesFromText("a"), 0, 1);
  recorder.call?.fail(GrpcCode.DataLoss, "lost");
  assert.deepEqual(stream.headers[1], ["grpc-status", "15", "grpc-message", "lost"]);
});

Deno.test("ServerCall.fail() cuts a message of any length", () => {
  const { server, held } = newFixture();
  const stream = openStream(server, { ":path": "/test.Echo/Hold" });
  deliver(stream, message("a"));
  held[0].fail(GrpcCode.Internal, "x".repeat(100_000));
  assert.equal(stream.field("grpc-message")?.length, 2048);
});

Deno.test("ServerCall takes metadata both ways", () => {
  const { server, held } = newFixture();
  const stream = openStream(server, {
    ":path": "/test.Echo/Hold",
    "x-text": "one",
    "x-bytes-bin": "AQI,Aw==",
    "grpc-timeout": "5S",
  });
  deliver(stream, message("a"));
  const call = held[0];
  assert.equal(call.metadata.get("x-text"), "one");
  assert.deepEqual(call.metadata.getAllBinary("x-bytes-bin").map((bytes) => [...bytes]), [
    [1, 2],
    [3],
  ]);
  assert.equal(call.metadata.get("grpc-timeout"), undefined);
  assert.equal(call.authority, "localhost");
  assert.equal(call.remote.address, "127.0.0.1:1234");
  const head = new Metadata();
  head.addBinary("y-bin", new Uint8Array([255]));
  call.sendMetadata(head);
  const trailers = new Metadata();
  trailers.add("z", "end");
  call.respond(bytesFromText("b"), 0, 1, trailers);
  assert.deepEqual(stream.headers[0].slice(4), ["y-bin", "/w"]);
  assert.deepEqual(stream.headers[1], ["grpc-status", "0", "z", "end"]);
});

Deno.test("Metadata refuses names and values that the protocol cannot carry", () => {
  const metadata = new Metadata();
  assert.throws(() => metadata.add("Upper", "a"), TypeError);
  assert.throws(() => metadata.add("grpc-status", "0"), TypeError);
  assert.throws(() => metadata.add(":path", "a"), TypeError);
  assert.throws(() => metadata.add("a", "line\n"), TypeError);
  assert.throws(() => metadata.add("a-bin", "a"), TypeError);
  assert.throws(() => metadata.addBinary("a", new Uint8Array(0)), TypeError);
  assert.deepEqual(metadata.fields, []);
});

Deno.test("ServerCall.respond() fails the call when the response is too large", () => {
  const { server, held, recorder } = newFixture();
  const unary = openStream(server, { ":path": "/test.Echo/Hold" });
  deliver(unary, message("a"));
  held[0].respond(new Uint8Array(MAX_SEND_BYTES + 1), 0, MAX_SEND_BYTES + 1);
  assert.equal(unary.status, "8 grpc: trying to send message larger than max (2001 vs. 2000)");
  const stream = openStream(server, { ":path": BIDI });
  assert.equal(recorder.call?.send(new Uint8Array(2001), 0, 2001), true);
  assert.equal(stream.status, "8 trying to send message larger than max (2001 vs. 2000)");
});

Deno.test("a call is answered with DEADLINE_EXCEEDED when its deadline passes", () => {
  const { server, clock, held } = newFixture();
  const stream = openStream(server, { ":path": "/test.Echo/Hold", "grpc-timeout": "500m" });
  deliver(stream, message("a"));
  const call = held[0];
  const reasons: EndReason[] = [];
  call.onCancel = (reason) => {
    reasons.push(reason);
    assert.equal(stream.finished, true);
  };
  assert.equal(call.deadlineMs, clock.nowMs + 500);
  clock.advance(499);
  assert.equal(call.cancelled, false);
  clock.advance(1);
  assert.equal(stream.status, "4 context deadline exceeded");
  assert.equal(call.cancelled, true);
  stream.listener?.closed(8);
  assert.deepEqual(reasons, ["deadline"]);
  assert.deepEqual(server.counters, NO_STATE);
  assert.equal(clock.timerCount, 0);
});

Deno.test("a call is answered with DEADLINE_EXCEEDED when its request stays unfinished", () => {
  const { server, clock } = newFixture();
  const stream = openStream(server, { "grpc-timeout": "1M" });
  deliver(stream, message("abc").subarray(0, 6));
  assert.notEqual(server.counters.unfinishedBytes, 0);
  clock.advance(60_000);
  assert.equal(stream.status, "4 context deadline exceeded");
  assert.deepEqual(server.counters, NO_STATE);
});

Deno.test("ServerCall.onCancel is called once when the client resets the stream", () => {
  const { server, held } = newFixture();
  const stream = openStream(server, { ":path": "/test.Echo/Hold", "grpc-timeout": "500m" });
  deliver(stream, message("a"));
  const reasons: EndReason[] = [];
  held[0].onCancel = (reason) => reasons.push(reason);
  stream.listener?.closed(8);
  stream.listener?.closed(8);
  assert.deepEqual(reasons, ["cancelled"]);
  assert.equal(held[0].cancelled, true);
  assert.deepEqual(server.counters, NO_STATE);
  held[0].respond(new Uint8Array(1), 0, 1);
  assert.equal(stream.headers.length, 0);
});

Deno.test("ServerCall.onCancel is not called when the call finished before", () => {
  const { server, held } = newFixture();
  const stream = openStream(server, { ":path": "/test.Echo/Hold" });
  deliver(stream, message("a"));
  held[0].onCancel = () => assert.fail("called");
  held[0].respond(new Uint8Array(1), 0, 1);
  stream.listener?.closed(8);
  assert.equal(held[0].cancelled, false);
});

const BROKEN_MESSAGES: Record<string, [Uint8Array, string]> = {
  "is too large": [
    message("x".repeat(MAX_RECEIVE_BYTES + 1)),
    "8 grpc: received message larger than max (1001 vs. 1000)",
  ],
  "has an unknown format": [message("x", 2), "13 grpc: received unexpected payload format 2"],
  "ends too early": [message("abc").subarray(0, 6), "13 unexpected EOF"],
};

for (const [what, [bytes, status]] of Object.entries(BROKEN_MESSAGES)) {
  Deno.test(`ServerCall.onCancel is called when a message ${what} on an open stream`, () => {
    const { server, recorder } = newFixture();
    const stream = openStream(server, { ":path": BIDI });
    deliver(stream, message("a"));
    const call = recorder.call;
    assert(call !== undefined);
    const reasons: EndReason[] = [];
    call.onCancel = (reason) => reasons.push(reason);
    deliver(stream, bytes);
    stream.listener?.end();
    assert.equal(stream.status, status);
    assert.deepEqual(reasons, ["refused"]);
    assert.equal(call.cancelled, true);
    assert.deepEqual(server.counters, NO_STATE);
  });
}
