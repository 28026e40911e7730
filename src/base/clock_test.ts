import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "./clock.ts";

/** The machine's timers fire at once if they are to wait longer than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface FakeTimer {
  readonly id: number;
  readonly delayMs: number;
  readonly fire: () => void;
}

/** Stands in for the machine's timers, which nobody can wait for. */
class FakeTimers {
  readonly set: FakeTimer[] = [];
  #nextId = 1;

  /** Lets the timer that is set fire; there must be one. */
  fireOnly(): number {
    assert.equal(this.set.length, 1);
    const [timer] = this.set.splice(0);
    timer.fire();
    return timer.delayMs;
  }

  /** Puts them in the place of the machine's for the time of `use`. */
  replaceReal(use: () => void): void {
    const { setTimeout, clearTimeout } = globalThis;
    const add = (fire: () => void, delayMs = 0): number => {
      const id = this.#nextId++;
      this.set.push({ id, delayMs, fire });
      return id;
    };
    const clear = (id: number | undefined): void => {
      const index = this.set.findIndex((timer) => timer.id === id);
      if (index >= 0) this.set.splice(index, 1);
    };
    Object.assign(globalThis, { setTimeout: add, clearTimeout: clear });
    try {
      use();
    } finally {
      Object.assign(globalThis, { setTimeout, clearTimeout });
    }
  }
}

Deno.test("systemClock.setTimer() fires once, after its time", async () => {
  let fired = 0;
  systemClock.setTimer(5, () => fired++);
  assert.equal(fired, 0);
  while (fired === 0) await sleep(1);
  await sleep(10);
  assert.equal(fired, 1);
});

Deno.test("systemClock.setTimer() does not fire once it is cancelled", async () => {
  let fired = 0;
  const timer = systemClock.setTimer(1, () => fired++);
  timer.cancel();
  await sleep(10);
  assert.equal(fired, 0);
  timer.cancel();
});

Deno.test("systemClock.setTimer() waits longer than the machine's timers can", () => {
  const timers = new FakeTimers();
  timers.replaceReal(() => {
    let fired = 0;
    systemClock.setTimer(2.5 * LONGEST_TIMER_MS, () => fired++);
    const waits = [];
    while (fired === 0) waits.push(timers.fireOnly());
    assert.deepEqual(waits, [LONGEST_TIMER_MS, LONGEST_TIMER_MS, 0.5 * LONGEST_TIMER_MS]);
    assert.deepEqual(timers.set, []);
  });
});

Deno.test("systemClock.setTimer() waits exactly as long as the machine's timers can", () => {
  const timers = new FakeTimers();
  timers.replaceReal(() => {
    let fired = 0;
    systemClock.setTimer(LONGEST_TIMER_MS, () => fired++);
    assert.equal(timers.fireOnly(), LONGEST_TIMER_MS);
    assert.equal(fired, 1);
  });
});

Deno.test("a long wait can be cancelled at its beginning and on its way", () => {
  const timers = new FakeTimers();
  timers.replaceReal(() => {
    let fired = 0;
    const early = systemClock.setTimer(3 * LONGEST_TIMER_MS, () => fired++);
    early.cancel();
    assert.deepEqual(timers.set, []);
    const late = systemClock.setTimer(3 * LONGEST_TIMER_MS, () => fired++);
    timers.fireOnly();
    late.cancel();
    assert.deepEqual(timers.set, []);
    assert.equal(fired, 0);
  });
});
