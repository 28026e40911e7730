import { setImmediate } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";

/** While a member starts, the sockets are looked at so often. */
const STARTING_LOOK_INTERVAL_MS = 50;

/**
 * Lets the event loop serve everybody else before long work goes on. A timer makes it look at the
 * sockets; between immediates it does so only about every sixtieth time.
 */
export function yieldTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(0, resolve);
  });
}

/**
 * The same while a member starts. Nobody waits for its sockets yet, only for the end; and a timer
 * costs a millisecond. Whoever shares the process is served all the same, a little later.
 */
export function turnsWhileStarting(clock: Clock): () => Promise<void> {
  let lastLookMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - lastLookMs < STARTING_LOOK_INTERVAL_MS) return setImmediate();
    lastLookMs = nowMs;
    return yieldTurn(clock);
  };
}
