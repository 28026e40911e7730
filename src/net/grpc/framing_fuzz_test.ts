import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { bytesEqual, concatBytes } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { GrpcServer } from "./server.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import { deliver, FakeStream, frameMessage, openStream } from "./testing/fake_stream.ts";

const MAX_RECEIVE_BYTES = 5_000;
const NO_STATE = { activeCalls: 0, pendingDeadlines: 0, unfinishedBytes: 0 };

interface Fixture {
  readonly server: GrpcServer;
  readonly received: Uint8Array[];
}

/** A server with one unary method that echoes and one stream that echoes until its end. */
function newFixture(): Fixture {
  const clock = new ManualClock();
  const sizes = { maxReceiveMessageBytes: MAX_RECEIVE_BYTES, maxSendMessageBytes: 1 << 20 };
  const server = new GrpcServer({ clock, ...sizes });
  const received: Uint8Array[] = [];
  server.addUnary("/test.Echo/Unary", (call, bytes, start, end) => {
    received.push(bytes.slice(start, end));
    call.respond(bytes, start, end);
  });
  server.addStream("/test.Echo/Bidi", (call) => ({
    message(bytes, start, end) {
      received.push(bytes.slice(start, end));
      call.send(bytes, start, end);
    },
    halfClosed() {
      call.end();
    },
  }));
  return { server, received };
}

/** Hands the bytes over in random pieces, some of them empty. */
function deliverInPieces(prng: Prng, stream: FakeStream, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) {
    const length = Math.min(prng.between(0, prng.pick([3, 50, 3000])), bytes.length - offset);
    // The connection calls nothing on a stream that is finished on both sides.
    if (stream.finished && prng.chance(0.5)) return;
    deliver(stream, bytes.subarray(offset, offset + length));
    offset += length;
  }
}

Deno.test("a stream hears exactly the messages that were sent, however they are cut", () => {
  const seed = 501;
  console.log(`seed ${seed}`);
  const prng = new Prng(seed);
  const { server, received } = newFixture();
  for (let round = 0; round < 1_500; round++) {
    const gzip = prng.chance(0.3);
    const messages = Array.from({ length: prng.between(0, 12) }, () => {
      return prng.bytes(prng.between(0, prng.pick([0, 10, 400, MAX_RECEIVE_BYTES - 100])));
    });
    const frames = messages.map((bytes) => {
      return gzip && prng.chance(0.7) ? frameMessage(gzipSync(bytes), 1) : frameMessage(bytes);
    });
    received.length = 0;
    const headers = gzip ? { "grpc-encoding": "gzip" } : {};
    const stream = openStream(server, { ":path": "/test.Echo/Bidi", ...headers });
    deliverInPieces(prng, stream, concatBytes(frames));
    stream.listener?.end();
    assert.equal(stream.status, "0");
    assert.equal(received.length, messages.length);
    messages.forEach((bytes, i) => assert(bytesEqual(bytes, received[i])));
    assert.equal(stream.messages.length, messages.length);
    assert.deepEqual(server.counters, NO_STATE);
  }
});

Deno.test("any bytes give an answer or an error and leave no state", () => {
  const seed = 502;
  console.log(`seed ${seed}`);
  const prng = new Prng(seed);
  const { server, received } = newFixture();
  const codes = new Map<string, number>();
  for (let round = 0; round < 30_000; round++) {
    received.length = 0;
    const stream = openStream(server, {
      ":path": prng.pick(["/test.Echo/Unary", "/test.Echo/Bidi"]),
      "grpc-encoding": prng.pick(["gzip", undefined]),
      "grpc-timeout": prng.pick(["1S", undefined]),
    });
    deliverInPieces(prng, stream, randomBody(prng));
    if (prng.chance(0.8)) stream.listener?.end();
    else stream.listener?.closed(8);
    for (const bytes of received) assert(bytes.length <= MAX_RECEIVE_BYTES);
    const code = stream.finished ? stream.status.split(" ")[0] : "cancelled";
    codes.set(code, (codes.get(code) ?? 0) + 1);
    assert.deepEqual(server.counters, NO_STATE);
  }
  server.close();
  // Each outcome must be seen often, or the generator has stopped testing something.
  for (const code of ["0", "8", "13", "cancelled"]) {
    assert((codes.get(code) ?? 0) > 1_000, `${code}: ${codes.get(code)}`);
  }
  assert.equal(codes.size, 4);
});

/** Noise, or sound messages with some bytes changed or cut off. */
function randomBody(prng: Prng): Uint8Array {
  if (prng.chance(0.1)) return prng.bytes(prng.between(0, 40));
  const frames: Uint8Array[] = [];
  for (let i = prng.between(0, 3); i > 0; i--) {
    const bytes = prng.bytes(prng.pick([0, 1, 30, 300]));
    frames.push(frameMessage(prng.chance(0.2) ? gzipSync(bytes) : bytes, prng.pick([0, 0, 0, 1])));
  }
  const body = concatBytes(frames);
  if (prng.chance(0.3) && body.length > 0) {
    body[prng.between(0, Math.min(body.length - 1, 12))] ^= 1 << prng.between(0, 7);
  }
  return prng.chance(0.2) ? body.subarray(0, prng.between(0, body.length)) : body;
}
