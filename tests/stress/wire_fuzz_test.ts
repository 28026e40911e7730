import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../src/base/prng.ts";
import { FrameType } from "../../src/net/http2/protocol.ts";
import { parseFrames } from "../../src/net/http2/testing/frames.ts";
import { brokenHttp1 } from "./broken_http1.ts";
import { brokenHttp2 } from "./broken_http2.ts";
import { FuzzTarget } from "./fuzz_target.ts";
import { recordSessions } from "./recorded_sessions.ts";

const HTTP2_SEEDS = { first: 1, count: 5_000 };
const HTTP1_SEEDS = { first: 1_000_001, count: 4_000 };

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

  get text(): string {
    return [...this.#counts].map(([what, count]) => `${what}: ${count}`).join(", ");
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
  console.log(tally.text);
});

/** How the server ended a connection. */
function endOfHttp2(answer: Buffer): string {
  if (answer.length === 0) return "nothing";
  if (answer.toString("latin1", 0, 5) === "HTTP/") return "HTTP/1.1";
  const { frames, rest } = parseFrames(answer);
  assert.equal(rest.length, 0, "the server sends whole frames");
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
  console.log(tally.text);
});
