import assert from "node:assert/strict";
import { RateBound } from "./rate_bound.ts";
import { ManualClock } from "../../base/manual_clock.ts";

function take(bound: RateBound, count: number): boolean {
  let allowed = true;
  for (let i = 0; i < count; i++) allowed = bound.take();
  return allowed;
}

Deno.test("RateBound allows its count within a window and no more", () => {
  const clock = new ManualClock();
  const bound = new RateBound(clock, clock.monotonicMs(), 10, 1000);
  assert.equal(take(bound, 10), true);
  clock.advance(999);
  assert.equal(bound.take(), false);
});

Deno.test("RateBound begins again when the window has passed", () => {
  const clock = new ManualClock();
  const bound = new RateBound(clock, clock.monotonicMs(), 10, 1000);
  for (let window = 0; window < 5; window++) {
    assert.equal(take(bound, 10), true);
    clock.advance(1000);
  }
  assert.equal(take(bound, 10), true);
  assert.equal(bound.take(), false);
});

Deno.test("RateBound forgives what was counted when it is reset", () => {
  const clock = new ManualClock();
  const bound = new RateBound(clock, clock.monotonicMs(), 10, 1000);
  assert.equal(take(bound, 10), true);
  bound.reset();
  assert.equal(take(bound, 10), true);
  assert.equal(bound.take(), false);
});
