import type { Profiler } from "node:inspector";
import { Inspector } from "./inspector.ts";
import { DEBUG_LIMITS } from "./limits.ts";
import type { ProfiledProgram } from "./profiled_program.ts";

/** A profile of the processor and when it began, in milliseconds since 1970. */
interface CpuProfile {
  readonly profile: Profiler.Profile;
  readonly wallMs: number;
}

/** Makes profiles of the processor, one at a time. */
export class CpuProfiling {
  readonly #server: ProfiledProgram;
  #isBusy = false;

  constructor(server: ProfiledProgram) {
    this.#server = server;
  }

  /**
   * Watches this program for some time, less if the server begins to stop, or calls what `whenGone`
   * was given: then nobody waits for the profile. Rejects while another profile is being made.
   */
  async record(
    durationMs: number,
    whenGone: (stop: () => void) => void,
  ): Promise<CpuProfile> {
    if (this.#isBusy) throw new Error("cpu profiling already in use");
    this.#isBusy = true;
    try {
      return await this.#record(durationMs, whenGone);
    } finally {
      this.#isBusy = false;
    }
  }

  async #record(
    durationMs: number,
    whenGone: (stop: () => void) => void,
  ): Promise<CpuProfile> {
    const inspector = await Inspector.open();
    try {
      await inspector.startCpuProfile(DEBUG_LIMITS.cpuSampleIntervalUs);
      const wallMs = this.#server.config.clock.wallMs();
      await this.#wait(durationMs, whenGone);
      return { profile: await inspector.stopCpuProfile(), wallMs };
    } finally {
      inspector.close();
    }
  }

  #wait(durationMs: number, whenGone: (stop: () => void) => void): Promise<void> {
    const { streams, config: { clock } } = this.#server;
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        streams.delete(waiting);
        resolve();
      };
      const waiting = { serverStopping: end };
      const timer = clock.setTimer(durationMs, end);
      streams.add(waiting);
      whenGone(end);
    });
  }
}
