import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { GrpcMethod } from "./method.ts";
import type { ServerCall } from "./server_call.ts";
import { SlowCalls } from "./slow_calls.ts";

const METHOD = new GrpcMethod("/etcdserverpb.KV/Put", "unary");
const STREAM = new GrpcMethod("/etcdserverpb.Watch/Watch", "bidi_stream");
const CALL: ServerCall = {
  path: METHOD.path,
  authority: "",
  deadlineMs: Infinity,
  cancelled: false,
  finished: true,
  onCancel: undefined,
  onDrain: undefined,
  get metadata(): never {
    throw new Error("nobody looks at it");
  },
  get remote(): never {
    throw new Error("nobody looks at it");
  },
  sendMetadata() {},
  respond() {},
  send: () => true,
  end() {},
  fail() {},
  pause() {},
  resume() {},
};

function newSlowCalls() {
  const clock = new ManualClock();
  const durations: number[] = [];
  const slowCalls = new SlowCalls({
    thresholdMs: 300,
    slow: (_call, _method, _code, durationMs) => durations.push(durationMs),
  }, clock);
  return { clock, durations, slowCalls };
}

Deno.test("SlowCalls tells of unary calls that take long, and of no others", () => {
  const { clock, durations, slowCalls } = newSlowCalls();
  const fast = slowCalls.coarseMs();
  clock.advance(250);
  slowCalls.ended(CALL, METHOD, fast, 0);
  const slow = slowCalls.coarseMs();
  clock.advance(400);
  slowCalls.ended(CALL, STREAM, slow, 0);
  assert.equal(durations.length, 0);
  slowCalls.ended(CALL, METHOD, slow, 0);
  assert.equal(durations.length, 1);
  // The start is known to a tenth of the bound.
  assert(durations[0] >= 400 && durations[0] <= 430, `${durations[0]}`);
  slowCalls.close();
});

Deno.test("SlowCalls keeps no timer without calls", () => {
  const { clock, slowCalls } = newSlowCalls();
  slowCalls.coarseMs();
  assert.equal(clock.timerCount, 1);
  clock.advance(1000);
  assert.equal(clock.timerCount, 0);
  slowCalls.coarseMs();
  slowCalls.close();
  assert.equal(clock.timerCount, 0);
});
