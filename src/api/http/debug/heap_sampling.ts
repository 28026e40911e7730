import type { HeapProfiler } from "node:inspector";
import { Inspector } from "./inspector.ts";
import { DEBUG_LIMITS } from "./limits.ts";

/**
 * Samples what this program allocates, from the start on, since V8 can only tell of what it has
 * sampled. There is one sampling in a program, however many servers want it.
 */
export class HeapSampling {
  static #shared: HeapSampling | undefined;
  readonly #opening: Promise<Inspector>;
  #userCount = 0;

  private constructor() {
    this.#opening = openSampling();
    // Whoever asks for a profile is told; nobody need ask.
    this.#opening.catch(() => {});
  }

  /** Begins to sample, unless that has begun. The caller has to leave. */
  static join(): HeapSampling {
    HeapSampling.#shared ??= new HeapSampling();
    HeapSampling.#shared.#userCount++;
    return HeapSampling.#shared;
  }

  /** What was allocated since and still lives. Rejects if sampling could not be begun. */
  async profile(): Promise<HeapProfiler.SamplingHeapProfile> {
    return (await this.#opening).heapProfile();
  }

  /** Called once by each who joined; the last one ends sampling. */
  leave(): void {
    if (--this.#userCount > 0) return;
    HeapSampling.#shared = undefined;
    this.#opening.then((inspector) => inspector.close(), () => {});
  }
}

async function openSampling(): Promise<Inspector> {
  const inspector = await Inspector.open();
  try {
    await inspector.startHeapProfile(DEBUG_LIMITS.heapSampleBytes);
  } catch (error) {
    inspector.close();
    throw error;
  }
  return inspector;
}
