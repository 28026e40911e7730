import type { Clock, Timer } from "../../../base/clock.ts";

interface SetTimer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** A clock that goes on only when it is told to. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<SetTimer>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, fire };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Lets time pass, firing timers in their order. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
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
