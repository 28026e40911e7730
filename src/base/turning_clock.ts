import { clearImmediate, setImmediate } from "node:timers";
import type { Timer } from "./clock.ts";
import { ManualClock } from "./manual_clock.ts";

/**
 * A manual clock for tests of work that is done in turns: who waits for 0 ms waits for the next turn
 * of the event loop only, which needs no time.
 */
export class TurningClock extends ManualClock {
  override setTimer(delayMs: number, fire: () => void): Timer {
    if (delayMs > 0) return super.setTimer(delayMs, fire);
    const id = setImmediate(fire);
    return { cancel: () => clearImmediate(id) };
  }
}
