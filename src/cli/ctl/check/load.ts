import type { Clock } from "../../../base/clock.ts";
import { errorText } from "../errors.ts";

/** How hard a server is worked. */
export interface LoadPlan {
  /** So many calls at a time, each by a client of its own. */
  readonly clients: number;
  /** Calls in a second, of all clients together; undefined: as many as the server answers. */
  readonly perSecond?: number;
  /** Ends after this time, ... */
  readonly durationMs?: number;
  /** ... or after so many calls. */
  readonly calls?: number;
}

/** What came of it. */
export interface LoadResult {
  /** How long each call took that succeeded, in seconds. */
  readonly latencies: readonly number[];
  /** How often which error happened. */
  readonly errors: ReadonlyMap<string, number>;
  readonly totalSeconds: number;
}

/** A clock that fires late is caught up with, but no further than this. */
const CATCH_UP_MS = 20;

/** Has all clients call until the plan is fulfilled or the signal aborted. */
export async function runLoad(
  clock: Clock,
  plan: LoadPlan,
  signal: AbortSignal,
  call: (client: number) => Promise<void>,
): Promise<LoadResult> {
  const startMs = clock.monotonicMs();
  const latencies: number[] = [];
  const errors = new Map<string, number>();
  const pace = new Pace(clock, plan, signal);
  const work = async (client: number): Promise<void> => {
    while (await pace.next()) {
      const callMs = clock.monotonicMs();
      try {
        await call(client);
        latencies.push((clock.monotonicMs() - callMs) / 1000);
      } catch (error) {
        const text = errorText(error);
        errors.set(text, (errors.get(text) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: plan.clients }, (_, client) => work(client)));
  return { latencies, errors, totalSeconds: (clock.monotonicMs() - startMs) / 1000 };
}

/** Says when the next call is due. */
class Pace {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #intervalMs: number;
  readonly #endMs: number;
  #callsLeft: number;
  #dueMs: number;

  constructor(clock: Clock, plan: LoadPlan, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#intervalMs = plan.perSecond === undefined ? 0 : 1000 / plan.perSecond;
    this.#dueMs = clock.monotonicMs();
    this.#endMs = this.#dueMs + (plan.durationMs ?? Infinity);
    this.#callsLeft = plan.calls ?? Infinity;
  }

  /** Waits until a call is due; false when there will be none any more. */
  async next(): Promise<boolean> {
    if (this.#callsLeft <= 0) return false;
    this.#callsLeft--;
    const nowMs = this.#clock.monotonicMs();
    const dueMs = Math.max(this.#dueMs, nowMs - CATCH_UP_MS);
    this.#dueMs = dueMs + this.#intervalMs;
    if (Math.max(dueMs, nowMs) >= this.#endMs) return false;
    if (dueMs > nowMs) {
      await new Promise<void>((resolve) => this.#clock.setTimer(dueMs - nowMs, resolve));
    }
    return !this.#signal.aborted;
  }
}
