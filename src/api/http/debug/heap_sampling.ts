import type { HeapProfiler } from "node:inspector";
import { Inspector } from "./inspector.ts";
import { DEBUG_LIMITS } from "./limits.ts";

/**
 * Samples what this program allocates, from the start on, since V8 can only tell of what it has
 * sampled. One at a time in a program.
 */
export class HeapSampling {
  readonly #opening: Promise<Inspector>;
  #isClosed = false;

  constructor() {
    this.#opening = this.#begin();
    // Whoever asks for a profile is told; nobody need ask.
    this.#opening.catch(() => {});
  }

  /** What was allocated since and still lives. Rejects if sampling could not be begun. */
  async profile(): Promise<HeapProfiler.SamplingHeapProfile> {
    return (await this.#opening).heapProfile();
  }

  /** Ends sampling; safe at any time. */
  close(): void {
    this.#isClosed = true;
    this.#opening.then((inspector) => inspector.close(), () => {});
  }

  async #begin(): Promise<Inspector> {
    const inspector = await Inspector.open();
    try {
      if (!this.#isClosed) await inspector.startHeapProfile(DEBUG_LIMITS.heapSampleBytes);
    } catch (error) {
      inspector.close();
      throw error;
    }
    return inspector;
  }
}
