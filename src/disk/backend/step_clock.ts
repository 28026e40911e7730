import type { Clock } from "../../base/clock.ts";
import { BACKEND_LIMITS } from "./limits.ts";

/** Tells when a step of a walk has lasted long enough, without asking the time for each pair. */
export class StepClock {
  readonly #clock: Clock;
  #endMs = 0;
  #pairs = 0;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.#endMs = this.#clock.monotonicMs() + BACKEND_LIMITS.turnMs;
    this.#pairs = 0;
    this.#bytes = 0;
  }

  /** To be asked once for each pair, with its size. */
  isOver(pairBytes: number): boolean {
    this.#pairs++;
    this.#bytes += pairBytes;
    const { pairsPerClockCheck, bytesPerClockCheck } = BACKEND_LIMITS;
    if (this.#pairs < pairsPerClockCheck && this.#bytes < bytesPerClockCheck) return false;
    this.#pairs = 0;
    this.#bytes = 0;
    return this.#clock.monotonicMs() >= this.#endMs;
  }
}
