import { setImmediate } from "node:timers/promises";

/** Lets the event loop serve everybody else before long work goes on. */
export function yieldTurn(): Promise<void> {
  return setImmediate();
}
