import { setImmediate, setTimeout } from "node:timers/promises";

/** While a member starts, the sockets are looked at so often. */
const STARTING_LOOK_INTERVAL_MS = 20;

let lastLookMs = -Infinity;

/**
 * Lets the event loop serve everybody else before long work goes on. A timer makes it look at the
 * sockets; between immediates it does so only about every sixtieth time.
 */
export function yieldTurn(): Promise<void> {
  return setTimeout(0);
}

/**
 * The same while a member starts. Nobody waits for its sockets yet, only for the end; and a timer
 * costs a millisecond. Whoever shares the process is served all the same, a little later.
 */
export function yieldTurnWhileStarting(): Promise<void> {
  const nowMs = performance.now();
  if (nowMs - lastLookMs < STARTING_LOOK_INTERVAL_MS) return setImmediate();
  lastLookMs = nowMs;
  return setTimeout(0);
}
