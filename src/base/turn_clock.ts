import type { Clock, Timer } from "./clock.ts";

/** A clock for tests in which no time passes, and one timer fires whenever the test says so. */
export class TurnClock implements Clock {
  readonly #timers = new Set<() => void>();

  monotonicMs(): number {
    return 0;
  }

  wallMs(): number {
    return 0;
  }

  setTimer(_delayMs: number, fire: () => void): Timer {
    const timer = (): void => fire();
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** False if nothing waits for the next turn. */
  nextTurn(): boolean {
    for (const timer of this.#timers) {
      this.#timers.delete(timer);
      timer();
      return true;
    }
    return false;
  }
}
