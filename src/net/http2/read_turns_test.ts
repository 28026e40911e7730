import assert from "node:assert/strict";
import type { Clock, Timer } from "../../base/clock.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import { READ_TURN_LIMITS } from "../limits.ts";
import { ReadTurns } from "./read_turns.ts";
import { SocketReading } from "./socket_reading.ts";
import { FakeSocket } from "./testing/fake_socket.ts";

const LONGEST_MS = 4;

class World {
  readonly clock = new ManualClock();
  readonly turns = new ReadTurns(this.clock, LONGEST_MS);
  readonly socket = new FakeSocket();
  readonly reading = new SocketReading(this.socket, this.turns);

  work(durationMs: number): void {
    this.reading.begin();
    this.clock.advance(durationMs);
    this.reading.end();
  }
}

Deno.test("SocketReading pauses a socket until the next turn when there was enough work", () => {
  const world = new World();
  const { clock, socket } = world;
  world.work(1);
  world.work(2);
  assert.equal(socket.paused, false);
  assert.equal(clock.timerCount, 0);
  world.work(1);
  assert.equal(socket.paused, true);
  clock.advance(0);
  assert.equal(socket.paused, false);
  world.work(3);
  assert.equal(socket.paused, false);
  assert.equal(clock.timerCount, 0);
});

Deno.test("SocketReading pauses no socket whose work leaves breaks for others", () => {
  const world = new World();
  for (let i = 0; i < 100; i++) {
    world.work(1);
    world.clock.advance(2);
    assert.equal(world.socket.paused, false);
  }
  assert.equal(world.clock.timerCount, 0);
});

Deno.test("SocketReading resumes only what its owner wants, and nothing that is closed", () => {
  const world = new World();
  const { clock, socket, reading } = world;
  world.work(LONGEST_MS);
  reading.hold(true);
  clock.advance(0);
  assert.equal(socket.paused, true);
  reading.hold(false);
  assert.equal(socket.paused, false);
  world.work(LONGEST_MS);
  reading.close();
  clock.advance(0);
  assert.equal(socket.paused, true);
  world.work(LONGEST_MS);
  assert.equal(clock.timerCount, 0);
});

Deno.test("ReadTurns counts work within work once, and all sockets' together", () => {
  const clock = new ManualClock();
  const turns = new ReadTurns(clock, LONGEST_MS);
  turns.begin();
  clock.advance(1);
  turns.begin();
  clock.advance(2);
  turns.end();
  assert.equal(turns.isOver, false);
  clock.advance(1);
  assert.equal(turns.isOver, true);
  turns.end();
  const ran: number[] = [];
  turns.inNext(() => {
    ran.push(1);
    turns.inNext(() => ran.push(3));
  });
  turns.inNext(() => ran.push(2));
  clock.advance(0);
  assert.deepEqual(ran, [1, 2, 3]);
  assert.equal(turns.isOver, false);
});

Deno.test("SocketReading waits for work, and goes on in the turn behind its end", () => {
  const world = new World();
  const { clock, socket, reading } = world;
  reading.wait(true);
  assert.equal(socket.paused, true);
  assert.equal(reading.mustPause, true);
  reading.wait(false);
  assert.equal(socket.paused, true);
  clock.advance(0);
  assert.equal(socket.paused, false);
  // Before the turn came there was too much again.
  reading.wait(true);
  reading.wait(false);
  reading.wait(true);
  clock.advance(0);
  assert.equal(socket.paused, true);
});

/** A clock whose timers fire only when the test says so, however late they are. */
class LateClock implements Clock {
  nowMs = 1_000;
  readonly #due: (() => void)[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs;
  }

  setTimer(_delayMs: number, fire: () => void): Timer {
    this.#due.push(fire);
    return { cancel: () => {} };
  }

  /** The timer that is set fires after so long; returns whether there was one. */
  fire(delayMs: number): boolean {
    this.nowMs += delayMs;
    const fire = this.#due.shift();
    fire?.();
    return fire !== undefined;
  }
}

Deno.test("ReadTurns puts a turn off whose timer was late, since sockets were not looked at", () => {
  const clock = new LateClock();
  const turns = new ReadTurns(clock, LONGEST_MS);
  let runs = 0;
  turns.inNext(() => runs++);
  clock.fire(LONGEST_MS + 1);
  assert.equal(runs, 0);
  clock.fire(LONGEST_MS);
  assert.equal(runs, 1);
  assert.equal(clock.fire(0), false);
});

Deno.test("ReadTurns lets nobody wait for ever, however late all timers are", () => {
  const clock = new LateClock();
  const turns = new ReadTurns(clock, LONGEST_MS);
  let runs = 0;
  turns.inNext(() => runs++);
  const beganMs = clock.nowMs;
  while (runs === 0) assert.equal(clock.fire(2 * LONGEST_MS), true);
  const { longestPauseMs } = READ_TURN_LIMITS;
  assert.ok(clock.nowMs - beganMs >= longestPauseMs);
  assert.ok(clock.nowMs - beganMs < longestPauseMs + 2 * LONGEST_MS);
});
