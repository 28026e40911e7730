import type { Timer } from "../../base/clock.ts";
import { EtcdError } from "../../core/errors.ts";
import type { Store } from "../../core/mvcc/store.ts";
import { DiskError } from "../../disk/disk_error.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { CorruptionChecksConfig } from "../server_config.ts";
import type { CorruptionAlarm } from "./corruption_alarm.ts";
import { type ComparedState, compareWithMemory } from "./file_comparison.ts";

/** What is watched, and how. */
interface CorruptionMonitorParts extends ComparedState {
  readonly config: CorruptionChecksConfig;
  readonly store: Store;
  readonly alarm: CorruptionAlarm;
  /** What is thrown on the way, apart from damage, is a defect. */
  failed(error: unknown): void;
}

/**
 * Looks from time to time whether the B-tree file still says what the member knows. In a cluster the
 * members compare themselves with each other; a member that is alone has its memory to compare with.
 */
export class CorruptionMonitor {
  readonly #parts: CorruptionMonitorParts;
  readonly #timers = new Set<Timer>();
  /** The last compaction that was looked at. */
  #comparedRevision = -1;
  #isStopped = false;

  constructor(parts: CorruptionMonitorParts) {
    this.#parts = parts;
  }

  start(): void {
    const { intervalMs, compactHashIntervalMs } = this.#parts.config;
    this.#repeat(intervalMs, () => compareWithMemory(this.#parts));
    this.#repeat(compactHashIntervalMs, () => this.#compareCompacted());
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) timer.cancel();
  }

  /** Compactions are what rewrites most of the file. */
  async #compareCompacted(): Promise<string | undefined> {
    const { finishedCompactRevision } = this.#parts.store;
    if (finishedCompactRevision === this.#comparedRevision) return undefined;
    this.#comparedRevision = finishedCompactRevision;
    return await compareWithMemory(this.#parts);
  }

  /** The next check is one interval after the end of the last: they never pile up. */
  #repeat(intervalMs: number, compare: () => Promise<string | undefined>): void {
    if (intervalMs <= 0 || this.#isStopped) return;
    const delayMs = Math.max(intervalMs, SERVER_LIMITS.corruptionCheckSpacingMs);
    const timer = this.#parts.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      this.#check(compare).then(
        () => this.#repeat(intervalMs, compare),
        (error) => this.#parts.failed(error),
      );
    });
    this.#timers.add(timer);
  }

  async #check(compare: () => Promise<string | undefined>): Promise<void> {
    try {
      const found = await compare();
      if (found !== undefined && !this.#isStopped) this.#parts.alarm.raise(found);
    } catch (error) {
      // The server stops, or a compaction went ahead of the check.
      if (error instanceof EtcdError) return;
      if (!(error instanceof DiskError)) throw error;
      if (!this.#isStopped) this.#parts.alarm.raise(error.message);
    }
  }
}
