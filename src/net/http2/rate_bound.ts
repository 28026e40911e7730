import type { Clock } from "../../base/clock.ts";

/**
 * Bounds how often something may happen. Only every `maxCount` times the clock is asked, so
 * counting costs nothing; in the worst case twice `maxCount` pass within one window.
 */
export class RateBound {
  readonly #clock: Clock;
  readonly #maxCount: number;
  readonly #windowMs: number;
  #windowStartMs: number;
  #count = 0;

  constructor(clock: Clock, nowMs: number, maxCount: number, windowMs: number) {
    this.#clock = clock;
    this.#windowStartMs = nowMs;
    this.#maxCount = maxCount;
    this.#windowMs = windowMs;
  }

  /** Counts one more; false if that was too many. */
  take(): boolean {
    if (++this.#count <= this.#maxCount) return true;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs < this.#windowMs) return false;
    this.#windowStartMs = nowMs;
    this.#count = 1;
    return true;
  }

  /** Forgives what was counted. */
  reset(): void {
    this.#count = 0;
  }
}
