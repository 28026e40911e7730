import type { Clock, Timer } from "../../../base/clock.ts";

interface PendingTimer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  nowMs = 1000;
  /** How many timers have fired. */
  firedCount = 0;
  readonly #timers = new Set<PendingTimer>();

  get timerCount(): number {
    return this.#timers.size;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { dueMs: this.nowMs + delayMs, fire };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Moves on and fires on the way what falls due, in order. */
  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs;
    for (;;) {
      let next: PendingTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) {
          next = timer;
        }
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      this.firedCount++;
      next.fire();
    }
    this.nowMs = untilMs;
  }
}
