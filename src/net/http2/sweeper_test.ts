import assert from "node:assert/strict";
import { Sweeper } from "./sweeper.ts";
import { ManualClock } from "../../base/manual_clock.ts";

Deno.test("Sweeper looks at its members at each interval, with one timer while it has any", () => {
  const clock = new ManualClock();
  const sweeper = new Sweeper(clock, 100);
  assert.equal(clock.timerCount, 0);
  let sweeps = 0;
  const first = { sweep: () => void sweeps++ };
  const second = { sweep: () => void sweeps++ };
  sweeper.add(first);
  sweeper.add(second);
  assert.equal(clock.timerCount, 1);
  clock.advance(250);
  assert.equal(sweeps, 4);
  sweeper.remove(first);
  clock.advance(100);
  assert.equal(sweeps, 5);
  sweeper.remove(second);
  assert.equal(clock.timerCount, 0);
});

Deno.test("Sweeper lets members leave while they are looked at", () => {
  const clock = new ManualClock();
  const sweeper = new Sweeper(clock, 100);
  const leaving = { sweep: () => sweeper.remove(leaving) };
  sweeper.add(leaving);
  sweeper.add({ sweep: () => {} });
  clock.advance(100);
  assert.equal(clock.timerCount, 1);
  const last = new Sweeper(clock, 100);
  const only = { sweep: () => last.remove(only) };
  last.add(only);
  clock.advance(100);
  assert.equal(clock.timerCount, 1);
});
