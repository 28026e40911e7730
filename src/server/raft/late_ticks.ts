import { formatGoDuration, nanosecondsFromMilliseconds } from "../../base/go_duration.ts";
import type { Logger } from "../../base/log.ts";

/** A heartbeat is late when two of its intervals have passed, as in etcd. */
const TOLERATED_INTERVALS = 2;

/**
 * Notices that the ticks by which a leader sends its heartbeats come late, since something held up
 * the event loop or the whole machine.
 */
export class LateTicks {
  readonly #tickMs: number;
  readonly #logger: Logger;
  #lastMs: number | undefined;

  constructor(tickMs: number, logger: Logger) {
    this.#tickMs = tickMs;
    this.#logger = logger;
  }

  /** To be called at each tick. */
  ticked(nowMs: number, leads: boolean): void {
    const lastMs = this.#lastMs;
    this.#lastMs = nowMs;
    const expectedMs = TOLERATED_INTERVALS * this.#tickMs;
    if (lastMs === undefined || !leads || nowMs - lastMs <= expectedMs) return;
    this.#logger.warn(
      "leader failed to send out heartbeat on time; took too long, leader is overloaded likely " +
        "from slow disk",
      {
        "heartbeat-interval": durationText(this.#tickMs),
        "expected-duration": durationText(expectedMs),
        "exceeded-duration": durationText(nowMs - lastMs - expectedMs),
      },
    );
  }
}

/** Milliseconds as Go's programs write a duration. */
export function durationText(durationMs: number): string {
  return formatGoDuration(nanosecondsFromMilliseconds(durationMs));
}
