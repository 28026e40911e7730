import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { TurnClock } from "../../base/turn_clock.ts";
import { TLS_LIMITS } from "../limits.ts";
import { BurstPacer, type Deferrable } from "./burst_pacer.ts";

const LIMITS = { ...TLS_LIMITS, burstReadBytes: 10, readTurnBytes: 100, burstsPerTurn: 2 };

/** A connection that brings as much as it is allowed to. */
class Burst implements Deferrable {
  isDeferred = false;

  defer(isDeferred: boolean): void {
    this.isDeferred = isDeferred;
  }
}

Deno.test("BurstPacer defers whoever reads on when a turn had enough", () => {
  const clock = new ManualClock();
  const pacer = new BurstPacer(clock, LIMITS);
  const [one, other] = [new Burst(), new Burst()];
  pacer.took(one, 60);
  assert.ok(!one.isDeferred);
  pacer.took(other, 60);
  assert.ok(other.isDeferred, "over all connections");
  pacer.took(one, 10);
  assert.ok(one.isDeferred);
  clock.advance(0);
  assert.deepEqual([one.isDeferred, other.isDeferred], [false, false]);
  pacer.took(one, 99);
  assert.ok(!one.isDeferred, "each turn begins anew");
  clock.advance(0);
  assert.equal(clock.timerCount, 0);
});

Deno.test("BurstPacer lets a few at a time go on, in the order in which they were deferred", () => {
  const clock = new TurnClock();
  const pacer = new BurstPacer(clock, LIMITS);
  const bursts = Array.from({ length: 5 }, () => new Burst());
  for (const burst of bursts) pacer.took(burst, 100);
  const deferred: boolean[][] = [];
  while (clock.nextTurn()) {
    deferred.push(bursts.map(({ isDeferred }) => isDeferred));
  }
  assert.deepEqual(deferred, [
    [false, false, true, true, true],
    [false, false, false, false, true],
    [false, false, false, false, false],
  ]);
});

Deno.test("BurstPacer does not count what small reads bring", () => {
  const clock = new ManualClock();
  const pacer = new BurstPacer(clock, LIMITS);
  const burst = new Burst();
  for (let i = 0; i < 100; i++) pacer.took(burst, 9);
  assert.ok(!burst.isDeferred);
  assert.equal(clock.timerCount, 0);
});
