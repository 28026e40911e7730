/** A timer that has been set and not yet fired. */
export interface Timer {
  /** Takes the timer back; harmless once it has fired. */
  cancel(): void;
}

/**
 * Time as the program sees it. Everything above base/ that needs time takes a clock as argument,
 * so that a simulation can hold a whole cluster on one made-up clock.
 */
export interface Clock {
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Milliseconds since 1970, as the machine believes. */
  wallMs(): number;
  /** Calls `fire` once after `delayMs`. */
  setTimer(delayMs: number, fire: () => void): Timer;
}

/** What the machine's timers can wait at most; a longer wait would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(delayMs, fire) {
    let restMs = delayMs;
    const waitStep = (): ReturnType<typeof setTimeout> => {
      const stepMs = Math.min(restMs, LONGEST_TIMER_MS);
      restMs -= stepMs;
      return setTimeout(restMs > 0 ? () => (id = waitStep()) : fire, stepMs);
    };
    let id = waitStep();
    return { cancel: () => clearTimeout(id) };
  },
};
