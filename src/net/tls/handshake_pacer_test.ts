import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../base/clock.ts";
import { TurnClock } from "../../base/turn_clock.ts";
import { HandshakePacer } from "./handshake_pacer.ts";

const ADDRESS = "192.0.2.1";

Deno.test("HandshakePacer begins a few at once and the others turn by turn, in order", () => {
  const timers: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    setTimer(_delayMs, fire) {
      timers.push(fire);
      return { cancel() {} };
    },
  };
  const endTurn = (): void => timers.splice(0).forEach((fire) => fire());
  const pacer = new HandshakePacer(clock, 2);
  const begun: number[] = [];
  for (let i = 1; i <= 5; i++) pacer.pace(ADDRESS, () => begun.push(i));
  assert.deepEqual(begun, [1, 2]);
  endTurn();
  assert.deepEqual(begun, [1, 2, 3, 4]);
  pacer.pace(ADDRESS, () => begun.push(6));
  assert.deepEqual(begun, [1, 2, 3, 4]);
  endTurn();
  assert.deepEqual(begun, [1, 2, 3, 4, 5, 6]);
  endTurn();
  assert.equal(timers.length, 0);
  pacer.pace(ADDRESS, () => begun.push(7));
  assert.equal(begun.length, 7);
});

Deno.test("HandshakePacer lets addresses take turns, however often one of them connects", () => {
  const clock = new TurnClock();
  const pacer = new HandshakePacer(clock, 2);
  const begun: string[] = [];
  for (let i = 0; i < 100; i++) pacer.pace(ADDRESS, () => begun.push("greedy"));
  pacer.pace("192.0.2.2", () => begun.push("other"));
  assert.ok(clock.nextTurn());
  assert.deepEqual(begun, ["greedy", "greedy", "greedy", "other"]);
  while (clock.nextTurn());
  assert.equal(begun.length, 101);
});
