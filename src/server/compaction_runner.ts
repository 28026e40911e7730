import type { Compaction } from "../core/mvcc/compaction.ts";
import { BackgroundWork } from "./background.ts";
import { SERVER_LIMITS } from "./limits.ts";

interface RunningCompaction {
  readonly compaction: Compaction;
  readonly done: () => void;
}

/** Removes what compactions have marked, one after the other, in slices. */
export class CompactionRunner {
  readonly #queue: RunningCompaction[] = [];
  readonly #work: BackgroundWork;

  constructor(failed: (error: unknown) => void) {
    this.#work = new BackgroundWork(() => this.#step(), failed);
  }

  /** The promise resolves when all superseded revisions are gone. */
  run(compaction: Compaction): Promise<void> {
    return new Promise((done) => {
      this.#queue.push({ compaction, done });
      this.#work.wake();
    });
  }

  stop(): void {
    this.#work.stop();
  }

  #step(): boolean {
    const running = this.#queue[0];
    if (running === undefined) return false;
    const more = running.compaction.step(SERVER_LIMITS.compactionStepsPerSlice);
    if (more) return true;
    this.#queue.shift();
    running.done();
    return this.#queue.length > 0;
  }
}
