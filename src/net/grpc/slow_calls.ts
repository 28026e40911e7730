import type { Clock, Timer } from "../../base/clock.ts";
import type { GrpcMethod } from "./method.ts";
import type { ServerCall } from "./server_call.ts";

/** Which calls are slow, and who wants to hear of them. */
export interface SlowCallOptions {
  /** A unary call that takes longer is slow. */
  readonly thresholdMs: number;
  slow(call: ServerCall, method: GrpcMethod, code: number, durationMs: number): void;
}

/** A slow call is noticed for certain when it exceeds the threshold by this part of it. */
const TOLERANCE = 0.1;
const LEAST_PERIOD_MS = 5;

/**
 * Notices slow calls without looking at the clock for each: while calls come, a timer does so now and
 * then, and a call takes its start from there. Only a call that may have been slow costs a reading.
 */
export class SlowCalls {
  readonly #options: SlowCallOptions;
  readonly #clock: Clock;
  readonly #periodMs: number;
  #nowMs = 0;
  /** Whether a call has asked for the time since the timer fired. */
  #isUsed = false;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: SlowCallOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#periodMs = Math.max(LEAST_PERIOD_MS, options.thresholdMs * TOLERANCE);
  }

  /** The time as of at most one period ago. */
  coarseMs(): number {
    this.#isUsed = true;
    if (this.#timer === undefined) this.#look();
    return this.#nowMs;
  }

  /** A call has ended that began at `startMs`. */
  ended(call: ServerCall, method: GrpcMethod, startMs: number, code: number): void {
    // The start may be a period too early, so that what is above the bound is slow for certain.
    const boundMs = this.#options.thresholdMs + this.#periodMs;
    if (method.type !== "unary" || this.coarseMs() - startMs < boundMs - this.#periodMs) return;
    const durationMs = this.#clock.monotonicMs() - startMs;
    if (durationMs >= boundMs) this.#options.slow(call, method, code, durationMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#nowMs = this.#clock.monotonicMs();
    if (this.#isClosed) return;
    this.#timer = this.#clock.setTimer(this.#periodMs, () => {
      this.#timer = undefined;
      // Without calls there is no timer either.
      if (!this.#isUsed) return;
      this.#isUsed = false;
      this.#look();
    });
  }
}
