import type { Clock, Timer } from "../../src/base/clock.ts";
import type { Prng } from "../../src/base/prng.ts";
import { TurningClock } from "../../src/base/turning_clock.ts";

/**
 * A clock that stands still but for the little that passes between two looks at it. So work that
 * is done in turns is interrupted at random places, and the same seed gives the same ones.
 */
export class SimulatedClock implements Clock {
  readonly #timers = new TurningClock();
  readonly #prng: Prng;
  #passedMs = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  monotonicMs(): number {
    this.#passedMs += this.#prng.fraction();
    return this.#timers.monotonicMs() + this.#passedMs;
  }

  wallMs(): number {
    return this.#timers.wallMs();
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    return this.#timers.setTimer(delayMs, fire);
  }

  /** Lets time pass and fires the timers that are due. */
  advance(durationMs: number): void {
    this.#timers.advance(durationMs);
  }
}
