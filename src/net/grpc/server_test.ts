import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { HeaderList } from "../hpack/header_list.ts";
import { Metadata } from "./metadata.ts";
import type { GrpcMethod } from "./method.ts";
import type { GrpcObserver } from "./observer.ts";
import { GrpcServer } from "./server.ts";
import type { EndReason, MessageListener, ServerCall } from "./server_call.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import {
  deliver,
  FakeStream,
  frameMessage,
  openStream,
  requestHeaders,
} from "./testing/fake_stream.ts";
import { UnfinishedMessage } from "./unfinished_message.ts";

const MAX_RECEIVE_BYTES = 1000;
const MAX_SEND_BYTES = 2000;
const UNARY = "/test.Echo/Unary";
const BIDI = "/test.Echo/Bidi";
const NO_STATE = { activeCalls: 0, pendingDeadlines: 0, unfinishedBytes: 0 };

/** Remembers what its listener hears. */
class Recorder implements MessageListener {
  readonly messages: string[] = [];
  halfClosedCount = 0;
  call: ServerCall | undefined;

  message(bytes: Uint8Array, start: number, end: number): void {
    this.messages.push(textFromBytes(bytes.slice(start, end)));
  }

  halfClosed(): void {
    this.halfClosedCount++;
  }
}

interface Fixture {
  readonly clock: ManualClock;
  readonly server: GrpcServer;
  readonly recorder: Recorder;
  /** The calls to test.Echo/Hold, which nobody answers. */
  readonly held: ServerCall[];
}

function newFixture(observer?: GrpcObserver): Fixture {
  const clock = new ManualClock();
  const sizes = { maxReceiveMessageBytes: MAX_RECEIVE_BYTES, maxSendMessageBytes: MAX_SEND_BYTES };
  const server = new GrpcServer(
    observer === undefined ? { clock, ...sizes } : { clock, observer, ...sizes },
  );
  const recorder = new Recorder();
  const held: ServerCall[] = [];
  server.addUnary(UNARY, (call, bytes, start, end) => call.respond(bytes, start, end));
  server.addUnary("/test.Echo/Hold", (call) => held.push(call));
  server.addStream(BIDI, (call) => {
    recorder.call = call;
    return recorder;
  });
  server.addStream("/test.Echo/ServerStream", (call) => {
    recorder.call = call;
    return recorder;
  }, "server_stream");
  return { clock, server, recorder, held };
}

function message(text: string, flag = 0): Uint8Array {
  return frameMessage(bytesFromText(text), flag);
}

function textsOf(stream: FakeStream): string[] {
  return stream.messages.map(({ bytes }) => textFromBytes(bytes));
}

const REFUSALS: Record<string, [Record<string, string | undefined>, string, string]> = {
  "the content type is another": [
    { "content-type": "application/json" },
    "415",
    '3 invalid gRPC request content-type "application/json"',
  ],
  "the content type only begins right": [
    { "content-type": "application/grpcweb" },
    "415",
    '3 invalid gRPC request content-type "application/grpcweb"',
  ],
  "there is no content type": [
    { "content-type": undefined },
    "415",
    '3 invalid gRPC request content-type ""',
  ],
  "the method is not POST": [
    { ":method": "GET" },
    "405",
    '13 Received a HEADERS frame with :method "GET" which should be POST',
  ],
  "the service is unknown": [
    { ":path": "/test.Other/Unary" },
    "200",
    "12 unknown service test.Other",
  ],
  "the method is unknown": [
    { ":path": "/test.Echo/Other" },
    "200",
    "12 unknown method Other for service test.Echo",
  ],
  "the path has one part": [{ ":path": "/Unary" }, "200", '12 malformed method name: "/Unary"'],
  "the path is empty": [{ ":path": "" }, "200", '12 malformed method name: ""'],
  "the path has no slash": [{ ":path": "a" }, "200", '12 malformed method name: "a"'],
  "the encoding is unknown": [
    { "grpc-encoding": "snappy" },
    "200",
    '12 grpc: Decompressor is not installed for grpc-encoding "snappy"',
  ],
  "the timeout has no unit": [
    { "grpc-timeout": "10" },
    "400",
    '13 malformed grpc-timeout: transport: timeout unit is not recognized: "10"',
  ],
  "the timeout is too short": [
    { "grpc-timeout": "S" },
    "400",
    '13 malformed grpc-timeout: transport: timeout string is too short: "S"',
  ],
  "the timeout is too long": [
    { "grpc-timeout": "123456789S" },
    "400",
    '13 malformed grpc-timeout: transport: timeout string is too long: "123456789S"',
  ],
  "the timeout is not a number": [
    { "grpc-timeout": "-1S" },
    "400",
    '13 malformed grpc-timeout: strconv.ParseUint: parsing "-1": invalid syntax',
  ],
  "binary metadata is not base64": [
    { "x-bin": "ab*d" },
    "400",
    '13 malformed binary metadata "ab*d" in header "x-bin": illegal base64 data at input byte 2',
  ],
  "the timeout is zero": [{ "grpc-timeout": "0n" }, "200", "4 context deadline exceeded"],
};

for (const [what, [changes, httpStatus, status]] of Object.entries(REFUSALS)) {
  Deno.test(`GrpcServer.stream() refuses a request when ${what}`, () => {
    const { server } = newFixture();
    const stream = openStream(server, changes);
    assert.equal(stream.status, status);
    assert.equal(stream.field(":status"), httpStatus);
    assert.equal(stream.headers.length, 1);
    assert.equal(stream.body.length, 0);
    assert.deepEqual(server.counters, NO_STATE);
  });
}

Deno.test("GrpcServer.stream() names its encodings when it refuses one", () => {
  const stream = openStream(newFixture().server, { "grpc-encoding": "snappy" });
  assert.equal(stream.field("grpc-accept-encoding"), "identity,gzip");
});

Deno.test("GrpcServer.stream() refuses a request when a host is named twice", () => {
  const { server } = newFixture();
  const fields = [...requestHeaders({ host: "a" }).fields, "host", "b"];
  const stream = new FakeStream();
  server.stream(stream, new HeaderList(fields, false), false);
  assert.equal(
    stream.status,
    "13 num values of :authority: 1, num values of host: 2, both must only have 1 value as per HTTP/2 spec",
  );
});

for (const contentType of ["application/grpc", "application/grpc+proto", "application/grpc;x=y"]) {
  Deno.test(`GrpcServer.stream() takes requests of type ${contentType}`, () => {
    const stream = openStream(newFixture().server, { "content-type": contentType });
    deliver(stream, message("a"));
    assert.equal(stream.status, "0");
    assert.equal(stream.field("content-type"), contentType.replace(";", "+"));
  });
}

Deno.test("GrpcServer.stream() does not use what it learned of a list when methods were added", () => {
  const { server } = newFixture();
  const headers = requestHeaders({ ":path": "/test.Late/Unary" });
  const early = new FakeStream();
  server.stream(early, headers, false);
  assert.equal(early.status, "12 unknown service test.Late");
  server.addUnary("/test.Late/Unary", (call, bytes, start, end) => call.respond(bytes, start, end));
  const late = new FakeStream();
  server.stream(late, headers, false);
  deliver(late, message("a"));
  assert.equal(late.status, "0");
});

Deno.test("GrpcServer.addUnary() throws when the path is malformed or taken", () => {
  const { server } = newFixture();
  for (const path of ["test.Echo/New", "/New", "/test.Echo/", UNARY]) {
    assert.throws(() => server.addUnary(path, () => {}), TypeError);
  }
});

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

Deno.test("GrpcServer.drained() resolves when the last call finished", async () => {
  const { server, held } = newFixture();
  await server.drained();
  const stream = openStream(server, { ":path": "/test.Echo/Hold" });
  deliver(stream, message("a"));
  let drained = false;
  const waiting = server.drained().then(() => drained = true);
  await Promise.resolve();
  assert.equal(drained, false);
  held[0].respond(new Uint8Array(1), 0, 1);
  await waiting;
});

Deno.test("GrpcServer.close() refuses new calls and stops its timer", () => {
  const { server, clock } = newFixture();
  openStream(server, { ":path": "/test.Echo/Hold", "grpc-timeout": "1S" });
  assert.equal(clock.timerCount, 1);
  server.close();
  assert.equal(clock.timerCount, 0);
  assert.equal(openStream(server).status, "14 grpc: the server has been stopped");
});

class RecordingObserver implements GrpcObserver {
  readonly timed = true;
  readonly events: string[] = [];

  started(method: GrpcMethod): void {
    this.events.push(`started ${method.service} ${method.name} ${method.type}`);
  }

  received(_method: GrpcMethod, sizeBytes: number): void {
    this.events.push(`received ${sizeBytes}`);
  }

  sent(_method: GrpcMethod, sizeBytes: number): void {
    this.events.push(`sent ${sizeBytes}`);
  }

  handled(_method: GrpcMethod, code: number, durationMs: number): void {
    this.events.push(`handled ${code} ${durationMs}`);
  }
}

Deno.test("GrpcObserver hears of calls and messages", () => {
  const observer = new RecordingObserver();
  const { server, clock, recorder } = newFixture(observer);
  deliver(openStream(server), message("abc"));
  const stream = openStream(server, { ":path": BIDI });
  deliver(stream, message("d"));
  recorder.call?.send(bytesFromText("ef"), 0, 2);
  clock.advance(7);
  stream.listener?.closed(8);
  openStream(server, { ":path": "/test.Echo/Unknown" });
  assert.deepEqual(observer.events, [
    ...["started test.Echo Unary unary", "received 3", "sent 3", "handled 0 0"],
    ...["started test.Echo Bidi bidi_stream", "received 1", "sent 2", "handled 1 7"],
  ]);
});
