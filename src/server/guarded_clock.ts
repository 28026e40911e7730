import type { Clock } from "../base/clock.ts";

/** The same clock, but what a timer's callback throws goes to `failed` instead of the process. */
export function guardedClock(clock: Clock, failed: (error: unknown) => void): Clock {
  return {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs(),
    setTimer: (delayMs, fire) =>
      clock.setTimer(delayMs, () => {
        try {
          fire();
        } catch (error) {
          failed(error);
        }
      }),
  };
}
