import assert from "node:assert/strict";
import { bytesFromText } from "../../base/bytes.ts";
import { HeaderList } from "../hpack/header_list.ts";
import type { GrpcMethod } from "./method.ts";
import type { GrpcObserver } from "./observer.ts";
import { deliver, FakeStream, openStream, requestHeaders } from "./testing/fake_stream.ts";
import { BIDI, message, newFixture, NO_STATE, UNARY } from "./testing/echo_server.ts";

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
