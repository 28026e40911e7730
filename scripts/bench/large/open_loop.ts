/** The time in milliseconds, the same in every thread (performance.now() counts from its start). */
export function threadsNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** One request: when it should have left, when it did, and when its answer was there. */
export interface Sample {
  readonly plannedMs: number;
  readonly sentMs: number;
  answeredMs: number;
  isAccepted: boolean;
}

const PUMP_INTERVAL_MS = 1;

/** When each request is to leave: evenly, whatever became of those before. */
export class OpenLoopSchedule {
  readonly #startMs: number;
  readonly #intervalMs: number;

  constructor(startMs: number, perSecond: number) {
    this.#startMs = startMs;
    this.#intervalMs = 1000 / perSecond;
  }

  plannedMs(request: number): number {
    return this.#startMs + request * this.#intervalMs;
  }

  /** How many requests should have left by now. */
  dueCount(nowMs: number): number {
    if (nowMs < this.#startMs) return 0;
    return Math.floor((nowMs - this.#startMs) / this.#intervalMs) + 1;
  }
}

/**
 * Sends at a fixed rate without waiting for answers. Latency counts from the planned time: what a
 * stalled server (or a stalled client) holds up counts for every request that was to leave
 * meanwhile.
 */
export class OpenLoop {
  readonly #schedule: OpenLoopSchedule;
  readonly #send: (request: number) => Promise<boolean>;
  readonly #now: () => number;
  readonly #inFlight = new Set<Promise<void>>();
  readonly samples: Sample[] = [];

  /** `send` resolves with whether the server accepted the request, and never rejects. */
  constructor(
    perSecond: number,
    send: (request: number) => Promise<boolean>,
    now: () => number = threadsNowMs,
  ) {
    this.#schedule = new OpenLoopSchedule(now(), perSecond);
    this.#send = send;
    this.#now = now;
  }

  /** Sends until `work` is over, then waits for the answers. */
  async runDuring<T>(work: Promise<T>): Promise<T> {
    const timer = setInterval(() => this.pump(), PUMP_INTERVAL_MS);
    try {
      return await work;
    } finally {
      clearInterval(timer);
      await this.drain();
    }
  }

  /** Sends what is due. */
  pump(): void {
    const due = this.#schedule.dueCount(this.#now());
    while (this.samples.length < due) this.#sendNext();
  }

  async drain(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  #sendNext(): void {
    const request = this.samples.length;
    const sample: Sample = {
      plannedMs: this.#schedule.plannedMs(request),
      sentMs: this.#now(),
      answeredMs: NaN,
      isAccepted: false,
    };
    this.samples.push(sample);
    const answered = this.#send(request).then((isAccepted) => {
      sample.answeredMs = this.#now();
      sample.isAccepted = isAccepted;
      this.#inFlight.delete(answered);
    });
    this.#inFlight.add(answered);
  }
}

/** The samples that were to leave within a span of time, its ends included. */
export function plannedWithin(
  samples: readonly Sample[],
  startMs: number,
  endMs: number,
): Sample[] {
  return samples.filter(({ plannedMs }) => plannedMs >= startMs && plannedMs <= endMs);
}

/** From the planned time to the answer. */
export function latencyMs(sample: Sample): number {
  return sample.answeredMs - sample.plannedMs;
}
