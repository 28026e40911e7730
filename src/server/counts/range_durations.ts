import type { Clock } from "../../base/clock.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { newDurations, newShortDurations } from "./duration_bounds.ts";
import { OutcomeDurations } from "./outcome_durations.ts";

/**
 * How long ranges take. A range of one key takes not much more than two looks at the clock, so of
 * those one in a few is timed, and the others count like the last that was.
 */
export class RangeDurations {
  readonly #requests = new OutcomeDurations(newDurations);
  readonly #reads = new OutcomeDurations(newShortDurations);
  readonly #clock: Clock;
  /** How many more short ranges count like the last that was timed. */
  #untimedCount = 0;
  #startedMs = 0;
  #lastSeconds = 0;
  /** Short ranges that are yet to be counted like that one. */
  #doneCount = 0;
  #failedCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From the arrival of a request to its result. */
  get requests(): OutcomeDurations {
    this.#countShort();
    return this.#requests;
  }

  /** The part of that in which the store was read. */
  get reads(): OutcomeDurations {
    this.#countShort();
    return this.#reads;
  }

  /** A short range that is answered in place begins; no other one does before its `end`. */
  begin(): void {
    if (this.#untimedCount === 0) this.#startedMs = this.#clock.monotonicMs();
  }

  end(isDone: boolean): void {
    if (this.#untimedCount === 0) this.#endTimed();
    this.#untimedCount--;
    if (isDone) this.#doneCount++;
    else this.#failedCount++;
  }

  /** A range that came at `requestedMs`, and from `startedMs` on could be read, ends now. */
  add(isDone: boolean, requestedMs: number, startedMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#requests.add(isDone, (nowMs - requestedMs) / 1000);
    this.#reads.add(isDone, (nowMs - startedMs) / 1000);
  }

  /** The reading that began at `startedMs` ends now; what it was for is no plain range. */
  addRead(isDone: boolean, startedMs: number): void {
    this.#reads.add(isDone, (this.#clock.monotonicMs() - startedMs) / 1000);
  }

  /** A range that had to wait is given up before it could be read. */
  gaveUp(requestedMs: number): void {
    this.#requests.add(false, (this.#clock.monotonicMs() - requestedMs) / 1000);
  }

  #endTimed(): void {
    this.#countShort();
    this.#untimedCount = SERVER_LIMITS.rangesPerTimedRange;
    this.#lastSeconds = (this.#clock.monotonicMs() - this.#startedMs) / 1000;
  }

  #countShort(): void {
    for (const durations of [this.#requests, this.#reads]) {
      durations.succeeded.addMany(this.#lastSeconds, this.#doneCount);
      durations.failed.addMany(this.#lastSeconds, this.#failedCount);
    }
    this.#doneCount = 0;
    this.#failedCount = 0;
  }
}
