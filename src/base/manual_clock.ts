import type { Clock, Timer } from "./clock.ts";

/** Any number will do, except 0, which would hide a mix-up of times and durations. */
const START_MS = 1_000_000;
const START_WALL_MS = 1_700_000_000_000;

interface SetTimer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** A clock for tests that goes on only when it is told to. */
export class ManualClock implements Clock {
  #nowMs = START_MS;
  #firedCount = 0;
  readonly #timers = new Set<SetTimer>();

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** How many timers have fired. */
  get firedCount(): number {
    return this.#firedCount;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return START_WALL_MS + this.#nowMs;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, fire };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Lets time pass, firing timers in their order. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#firedCount++;
      next.fire();
    }
    this.#nowMs = endMs;
  }

  #nextUntil(endMs: number): SetTimer | undefined {
    let next: SetTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}
