import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { RangeDurations } from "./range_durations.ts";

Deno.test("RangeDurations times one short range in a few and counts all", () => {
  const clock = new ManualClock();
  const durations = new RangeDurations(clock);
  const count = SERVER_LIMITS.rangesPerTimedRange;
  for (let i = 0; i < count + 1; i++) {
    durations.begin();
    clock.advance(i === count ? 2 : 1);
    durations.end(true);
  }
  assert.equal(durations.reads.succeeded.total, count + 1);
  assert.equal(durations.requests.succeeded.sum.toFixed(6), ((count + 2) / 1000).toFixed(6));
});

Deno.test("RangeDurations tells failed ranges from others", () => {
  const durations = new RangeDurations(new ManualClock());
  durations.begin();
  durations.end(false);
  durations.begin();
  durations.end(true);
  assert.deepEqual([durations.reads.failed.total, durations.reads.succeeded.total], [1, 1]);
});

Deno.test("RangeDurations.add() tells the wait before reading from reading", () => {
  const clock = new ManualClock();
  const durations = new RangeDurations(clock);
  const requestedMs = clock.monotonicMs();
  clock.advance(100);
  const startedMs = clock.monotonicMs();
  clock.advance(20);
  durations.add(true, requestedMs, startedMs);
  assert.equal(durations.requests.succeeded.sum, 0.12);
  assert.equal(durations.reads.succeeded.sum, 0.02);
});

Deno.test("RangeDurations.gaveUp() is a failed request that read nothing", () => {
  const clock = new ManualClock();
  const durations = new RangeDurations(clock);
  clock.advance(7000);
  durations.gaveUp(0);
  assert.deepEqual([durations.requests.failed.total, durations.reads.failed.total], [1, 0]);
});
