import type { AutoCompactor } from "./auto_compactor.ts";

/** Longer periods are compacted each hour. */
const LONGEST_INTERVAL_MS = 60 * 60 * 1000;
/** How many samples are taken, and failed compactions tried again, in one interval. */
const LOOKS_PER_INTERVAL = 10;

function looksWithin(periodMs: number, lookIntervalMs: number): number {
  // A tenth of a short period has been rounded, so the division would not always give ten.
  return periodMs <= LONGEST_INTERVAL_MS
    ? LOOKS_PER_INTERVAL
    : Math.floor(periodMs / lookIntervalMs);
}

/**
 * Keeps the history of a period of time. The revision is sampled at every look, so that the oldest
 * sample is the revision of a period ago or a look more. Members that do not lead sample too, so
 * that one that begins to lead knows at once how far it may go.
 */
export class PeriodicCompactor implements AutoCompactor {
  readonly lookIntervalMs: number;
  readonly #intervalMs: number;
  readonly #sampleCount: number;
  /** Revisions, the oldest first. */
  readonly #samples: number[];
  /** What must have passed since the last compaction: a whole period before the first one. */
  #waitMs: number;
  #compactedAtMs: number;
  #compactedRevision = 0;

  constructor(periodMs: number, nowMs: number, currentRevision: number) {
    this.#intervalMs = Math.min(periodMs, LONGEST_INTERVAL_MS);
    this.lookIntervalMs = this.#intervalMs / LOOKS_PER_INTERVAL;
    this.#sampleCount = looksWithin(periodMs, this.lookIntervalMs) + 1;
    this.#samples = [currentRevision];
    this.#waitMs = periodMs;
    this.#compactedAtMs = nowMs;
  }

  look(nowMs: number, currentRevision: number, leads: boolean): number | undefined {
    const due = leads ? this.#due(nowMs) : undefined;
    this.#samples.push(currentRevision);
    if (this.#samples.length > this.#sampleCount) this.#samples.shift();
    return due;
  }

  compacted(revision: number, nowMs: number): void {
    this.#compactedRevision = revision;
    this.#compactedAtMs = nowMs;
  }

  #due(nowMs: number): number | undefined {
    const oldest = this.#samples[0];
    if (nowMs - this.#compactedAtMs < this.#waitMs || oldest === this.#compactedRevision) {
      return undefined;
    }
    this.#waitMs = this.#intervalMs;
    return oldest;
  }
}
