import type { Clock, Timer } from "../../base/clock.ts";
import type { Compaction } from "../../core/mvcc/compaction.ts";
import type { Backend } from "../backend/backend.ts";
import { BackgroundWork } from "../background.ts";
import type { CompactionDurations } from "../counts/compaction_durations.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { CompactionConfig } from "../server_config.ts";

/** What compactions are run with. */
interface CompactionRunnerParts {
  readonly config: CompactionConfig;
  readonly clock: Clock;
  readonly backend: Backend;
  readonly durations: CompactionDurations;
  /** What is thrown on the way is a defect. */
  failed(error: unknown): void;
}

interface RunningCompaction {
  readonly compaction: Compaction;
  readonly startedMs: number;
  readonly done: () => void;
}

/**
 * Removes what compactions have marked, one after the other, in slices, with a pause behind each
 * batch of removals, so that removing never crowds out other work on the disk.
 */
export class CompactionRunner {
  readonly #parts: CompactionRunnerParts;
  readonly #queue: RunningCompaction[] = [];
  readonly #work: BackgroundWork;
  #removedInBatch = 0;
  #pause: Timer | undefined;

  constructor(parts: CompactionRunnerParts) {
    this.#parts = parts;
    this.#work = new BackgroundWork(
      () => this.#step(),
      (error) => parts.failed(error),
      parts.clock,
    );
  }

  /** The promise resolves when all superseded revisions are gone, from the B-tree file as well. */
  run(compaction: Compaction): Promise<void> {
    const startedMs = this.#parts.clock.monotonicMs();
    return new Promise((done) => {
      this.#queue.push({ compaction, startedMs, done });
      if (this.#pause === undefined) this.#work.wake();
    });
  }

  stop(): void {
    this.#pause?.cancel();
    this.#work.stop();
  }

  #step(): boolean {
    const running = this.#queue[0];
    if (running === undefined) return false;
    const { config, backend } = this.#parts;
    const before = running.compaction.removedChanges;
    const more = this.#timedStep(running.compaction, config.batchLimit - this.#removedInBatch);
    this.#removedInBatch += running.compaction.removedChanges - before;
    if (!more) {
      this.#queue.shift();
      this.#finish(running);
    }
    if (this.#removedInBatch < config.batchLimit) return this.#queue.length > 0;
    backend.changed();
    this.#rest();
    return false;
  }

  #timedStep(compaction: Compaction, maxRemovals: number): boolean {
    const { clock, durations } = this.#parts;
    const wasMarking = compaction.isMarking;
    const startedMs = clock.monotonicMs();
    const more = compaction.step(SERVER_LIMITS.compactionStepsPerSlice, maxRemovals);
    const pauseMs = clock.monotonicMs() - startedMs;
    // One slice may have done both.
    if (wasMarking) durations.markingPausesMs.add(pauseMs);
    if (!compaction.isMarking) durations.removalPausesMs.add(pauseMs);
    return more;
  }

  #rest(): void {
    this.#removedInBatch = 0;
    this.#pause = this.#parts.clock.setTimer(this.#parts.config.sleepIntervalMs, () => {
      this.#pause = undefined;
      this.#work.wake();
    });
  }

  #finish({ done, startedMs }: RunningCompaction): void {
    const { backend, clock, durations } = this.#parts;
    durations.totalsMs.add(clock.monotonicMs() - startedMs);
    durations.lastWallSeconds = Math.floor(clock.wallMs() / 1000);
    backend.changed();
    // A failure of the file stops the member, which answers everybody who waits.
    backend.followed().then(done, () => {});
  }
}
