import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { Prng } from "../../src/base/prng.ts";
import { ErrorCode, FrameType } from "../../src/net/http2/protocol.ts";
import { parseFrames } from "../../src/net/http2/testing/frames.ts";
import {
  ELECTION_SERVICE,
  HEALTH_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
  LOCK_SERVICE,
  MAINTENANCE_SERVICE,
  WATCH_SERVICE,
} from "../../src/pb/services.ts";
import { brokenHttp1 } from "./broken_http1.ts";
import { brokenHttp2 } from "./broken_http2.ts";
import { ALL_METHODS, type AnyMethod, BrokenMessages } from "./broken_messages.ts";
import { FuzzTarget } from "./fuzz_target.ts";
import { heldBy, untilOnly } from "./held.ts";
import { Http2Session, type StreamAnswer } from "./http2_session.ts";
import { recordSessions } from "./recorded_sessions.ts";

const HTTP2_SEEDS = { first: 1, count: 15_000 };
const HTTP1_SEEDS = { first: 1_000_001, count: 10_000 };
const MESSAGES_SEED = 2_000_001;
const MESSAGE_BATCHES = 100;
const MESSAGES_IN_BATCH = 100;

const EXPECTED_ERRORS: readonly number[] = [
  ErrorCode.PROTOCOL_ERROR,
  ErrorCode.STREAM_CLOSED,
  ErrorCode.FRAME_SIZE_ERROR,
  ErrorCode.COMPRESSION_ERROR,
  ErrorCode.ENHANCE_YOUR_CALM,
];
const EXPECTED_CODES: readonly number[] = [
  GrpcCode.OK,
  GrpcCode.Unknown,
  GrpcCode.InvalidArgument,
  GrpcCode.ResourceExhausted,
  GrpcCode.Internal,
];

/** What stays open when the client has said all it has to say: streams, and who waits in a queue. */
const ENDLESS: readonly string[] = [
  WATCH_SERVICE.watch.path,
  HEALTH_SERVICE.watch.path,
  ELECTION_SERVICE.observe.path,
  ELECTION_SERVICE.campaign.path,
  LOCK_SERVICE.lock.path,
];

/** The methods with something behind them that can break. */
const BUSY_METHODS: readonly AnyMethod[] = [
  ...Object.values(KV_SERVICE),
  ...Object.values(LEASE_SERVICE),
  ...Object.values(HEALTH_SERVICE),
  ...Object.values(LOCK_SERVICE),
  ...Object.values(ELECTION_SERVICE),
  WATCH_SERVICE.watch,
];

/** All but the one by which a sound message stops all writes. */
const HARMLESS_METHODS: readonly AnyMethod[] = ALL_METHODS.filter(({ path }) =>
  path !== MAINTENANCE_SERVICE.alarm.path
);

let target: FuzzTarget;

Deno.test.beforeAll(async () => {
  target = await FuzzTarget.start();
});

Deno.test.afterAll(async () => {
  await target.stop();
});

/** How often something was seen, so that a generator that tests nothing is noticed. */
class Tally {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, this.count(what) + 1);
  }

  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Fails when one of these things was hardly ever seen. */
  expect(...things: readonly string[]): void {
    for (const what of things) {
      assert.ok(this.count(what) >= 50, `${what} was seen ${this.count(what)} times`);
    }
  }
}

Deno.test(`the server survives ${HTTP2_SEEDS.count} broken HTTP/2 connections`, async () => {
  const recordings = await recordSessions(target.port);
  const tally = new Tally();
  await target.feed(
    HTTP2_SEEDS,
    (seed) => brokenHttp2(new Prng(seed), recordings),
    (answer) => tally.add(endOfHttp2(answer)),
  );
  tally.expect("HTTP/1.1", "answers", "RST_STREAM");
  for (const code of EXPECTED_ERRORS) tally.expect(`GOAWAY ${code}`);
});

/** How the server ended a connection. */
function endOfHttp2(answer: Buffer): string {
  if (answer.length === 0) return "nothing";
  if (answer.toString("latin1", 0, 5) === "HTTP/") return "HTTP/1.1";
  const { frames } = parseFrames(answer);
  assert.equal(frames[0].type, FrameType.SETTINGS, "the server begins with SETTINGS");
  const last = frames[frames.length - 1];
  if (last.type === FrameType.GOAWAY) return `GOAWAY ${last.payload.readUInt32BE(4)}`;
  return frames.some(({ type }) => type === FrameType.RST_STREAM) ? "RST_STREAM" : "answers";
}

Deno.test(`the server survives ${HTTP1_SEEDS.count} broken HTTP/1.1 connections`, async () => {
  const tally = new Tally();
  await target.feed(
    HTTP1_SEEDS,
    (seed) => brokenHttp1(new Prng(seed)),
    (answer) => {
      const text = answer.toString("latin1");
      assert.ok(text === "" || text.startsWith("HTTP/1.1 "), JSON.stringify(text.slice(0, 100)));
      assert.doesNotMatch(text, /root:.*:0:0:/, "no file leaves the machine");
      tally.add(text.slice(9, 12));
    },
  );
  tally.expect("200", "400", "404", "405", "431");
});

Deno.test("the server survives 10 000 broken messages to every method", async () => {
  const prng = new Prng(MESSAGES_SEED);
  const broken = new BrokenMessages();
  const before = await heldBy(target.port);
  const tally = new Tally();
  for (let batch = 0; batch < MESSAGE_BATCHES; batch++) {
    const session = await Http2Session.open(target.port);
    const finite: StreamAnswer[] = [];
    for (let i = 0; i < MESSAGES_IN_BATCH; i++) {
      const method = prng.pick(prng.chance(0.8) ? BUSY_METHODS : HARMLESS_METHODS);
      const endStream = prng.chance(0.9);
      const fields = prng.chance(0.1) ? ["grpc-encoding", "gzip"] : [];
      const body = broken.body(prng, method);
      const answer = session.request(method.path, { body, fields, endStream });
      if (endStream && !ENDLESS.includes(method.path)) finite.push(answer);
    }
    await session.until("all are answered", () => finite.every((answer) => answer.over));
    for (const { grpcStatus } of finite) tally.add(String(grpcStatus));
    await session.close();
    if (batch % 10 === 9) await target.check();
  }
  await untilOnly(target.port, before);
  for (const code of EXPECTED_CODES) tally.expect(String(code));
});
