import type { Clock } from "../../base/clock.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { newDurations, newShortDurations } from "./duration_bounds.ts";
import { OutcomeDurations } from "./outcome_durations.ts";

/**
 * How long ranges take. A range of one key takes not much more than two looks at the clock, so of
 * those one in a few is timed, and the others count like the last that was.
 */
export class RangeDurations {
  /** From the arrival of a request to its result. */
  readonly requests = new OutcomeDurations(newDurations);
  /** The part of that in which the store was read. */
  readonly reads = new OutcomeDurations(newShortDurations);
  readonly #clock: Clock;
  /** How many more short ranges count like the last that was timed. */
  #untimedCount = 0;
  #startedMs = 0;
  #lastSeconds = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A short range that is answered in place begins; no other one does before its `end`. */
  begin(): void {
    if (this.#untimedCount === 0) this.#startedMs = this.#clock.monotonicMs();
  }

  end(isDone: boolean): void {
    if (this.#untimedCount === 0) {
      this.#untimedCount = SERVER_LIMITS.rangesPerTimedRange;
      this.#lastSeconds = (this.#clock.monotonicMs() - this.#startedMs) / 1000;
    }
    this.#untimedCount--;
    this.#add(isDone, this.#lastSeconds, this.#lastSeconds);
  }

  /** A range that came at `requestedMs`, and from `startedMs` on could be read, ends now. */
  add(isDone: boolean, requestedMs: number, startedMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#add(isDone, (nowMs - requestedMs) / 1000, (nowMs - startedMs) / 1000);
  }

  /** A range that had to wait is given up before it could be read. */
  gaveUp(requestedMs: number): void {
    this.requests.add(false, (this.#clock.monotonicMs() - requestedMs) / 1000);
  }

  #add(isDone: boolean, requestSeconds: number, readSeconds: number): void {
    this.requests.add(isDone, requestSeconds);
    this.reads.add(isDone, readSeconds);
  }
}
