import type { Logger } from "../../base/log.ts";
import { durationText } from "../raft/late_ticks.ts";

/** etcd asks again after this time. */
const RETRY_MS = 500;

/** Notices that linearizable reads wait long for their confirmation. */
export class LateReads {
  readonly #logger: Logger;
  #toldMs = -Infinity;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** To be called at each tick, with the time of the oldest read that nobody has confirmed. */
  check(oldestMs: number, waitingCount: number, nowMs: number): void {
    if (nowMs - oldestMs < RETRY_MS || nowMs - this.#toldMs < RETRY_MS) return;
    this.#toldMs = nowMs;
    this.#logger.warn("waiting for ReadIndex response took too long, retrying", {
      "waiting-reads": waitingCount,
      waited: durationText(Math.round(nowMs - oldestMs)),
      "retry-timeout": durationText(RETRY_MS),
    });
  }
}
