import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { GRPC_LIMITS } from "../limits.ts";
import { DeadlineQueue, NOT_QUEUED } from "./deadline_queue.ts";
import type { DeadlineHolder } from "./deadline_queue.ts";
import { ManualClock } from "../../base/manual_clock.ts";

class Holder implements DeadlineHolder {
  heapIndex = NOT_QUEUED;
  heapKey = 0;
  queuePrevious: DeadlineHolder | undefined = undefined;
  queueNext: DeadlineHolder | undefined = undefined;
  readonly deadlineMs: number;
  readonly #passed: (holder: Holder) => void;

  constructor(deadlineMs: number, passed: (holder: Holder) => void) {
    this.deadlineMs = deadlineMs;
    this.#passed = passed;
  }

  deadlinePassed(): void {
    this.#passed(this);
  }
}

Deno.test("DeadlineQueue fires every deadline once, none early and few late", () => {
  const seed = 20;
  console.log(`seed ${seed}`);
  const prng = new Prng(seed);
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const waiting = new Set<Holder>();
  let fired = 0;
  function passed(holder: Holder): void {
    const lateMs = clock.nowMs - holder.deadlineMs;
    assert(waiting.delete(holder), "fired twice or after its removal");
    assert(lateMs >= 0 && lateMs <= GRPC_LIMITS.deadlineGraceMs + 1, `${lateMs} ms late`);
    fired++;
    if (prng.chance(0.2)) add(prng.between(0, 50));
  }
  function add(inMs: number): void {
    const holder = new Holder(clock.nowMs + inMs, passed);
    waiting.add(holder);
    queue.add(holder, clock.nowMs);
  }
  for (let step = 0; step < 20_000; step++) {
    if (prng.chance(0.6)) add(prng.fraction() * prng.pick([5, 50, 500, 5000]));
    const [holder] = waiting;
    if (holder !== undefined && prng.chance(0.3)) {
      waiting.delete(holder);
      queue.remove(holder);
      queue.remove(holder);
    }
    if (prng.chance(0.3)) clock.advance(prng.between(0, 30));
    assert.equal(queue.size, waiting.size);
    assert(clock.timerCount <= 1);
  }
  assert(fired > 2_000);
  clock.advance(10_000);
  assert.equal(waiting.size, 0);
  assert.equal(queue.armed, false);
});

Deno.test("DeadlineQueue sets no timer again when all deadlines were removed", () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  for (let i = 0; i < 1000; i++) {
    const holder = new Holder(clock.nowMs + 1000, () => assert.fail("fired"));
    queue.add(holder, clock.nowMs);
    queue.remove(holder);
  }
  assert.equal(clock.timerCount, 1);
  clock.advance(GRPC_LIMITS.deadlineGraceMs);
  assert.equal(clock.timerCount, 0);
});

Deno.test("DeadlineQueue waits for deadlines beyond the reach of the runtime's timers", () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  let fired = false;
  const monthMs = 31 * 24 * 3_600_000;
  queue.add(new Holder(clock.nowMs + monthMs, () => fired = true), clock.nowMs);
  clock.advance(monthMs - 1);
  assert.equal(fired, false);
  clock.advance(1);
  assert.equal(fired, true);
});

Deno.test("DeadlineQueue leaves the rest to the next turn when many deadlines pass at once", () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const count = GRPC_LIMITS.maxDeadlinesPerTurn * 2 + 1;
  const passedInTurn = new Map<number, number>();
  function passed(): void {
    const turn = clock.firedCount;
    passedInTurn.set(turn, (passedInTurn.get(turn) ?? 0) + 1);
  }
  for (let i = 0; i < count; i++) queue.add(new Holder(clock.nowMs + 100, passed), clock.nowMs);
  clock.advance(100);
  const most = GRPC_LIMITS.maxDeadlinesPerTurn;
  assert.deepEqual([...passedInTurn.values()], [most, most, 1]);
});

Deno.test("DeadlineQueue.close() forgets all deadlines", () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const holders = [1, 30, 500].map((inMs) => {
    return new Holder(clock.nowMs + inMs, () => assert(inMs === 1));
  });
  for (const holder of holders) queue.add(holder, clock.nowMs);
  clock.advance(15);
  queue.add(new Holder(clock.nowMs + 5, () => assert.fail("fired")), clock.nowMs);
  queue.close();
  assert.equal(queue.size, 0);
  assert.equal(clock.timerCount, 0);
  clock.advance(1000);
  for (const holder of holders) queue.remove(holder);
  assert.equal(queue.size, 0);
});
