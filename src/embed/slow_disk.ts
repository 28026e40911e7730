import type { Logger } from "../base/log.ts";
import type { WalObserver } from "../disk/wal.ts";
import { durationText } from "../server/raft/late_ticks.ts";

/** etcd's own bound. */
const SLOW_SYNC_MS = 1000;

/** Passes on what the log tells, and warns of a disk that takes long. */
export class SlowDiskWarning implements WalObserver {
  readonly #next: WalObserver;
  readonly #logger: Logger;

  constructor(next: WalObserver, logger: Logger) {
    this.#next = next;
    this.#logger = logger;
  }

  synced(durationMs: number): void {
    this.#next.synced(durationMs);
    if (durationMs <= SLOW_SYNC_MS) return;
    this.#logger.warn("slow fdatasync", {
      took: durationText(durationMs),
      "expected-duration": durationText(SLOW_SYNC_MS),
    });
  }

  written(sizeBytes: number, durationMs: number): void {
    this.#next.written(sizeBytes, durationMs);
  }
}
