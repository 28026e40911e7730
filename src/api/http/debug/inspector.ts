import type { HeapProfiler, Profiler, Session } from "node:inspector";

/**
 * A session with V8's inspector, by which it makes profiles of this whole program. Opening one takes
 * Deno's permission `--allow-sys=inspector`.
 */
export class Inspector {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** The inspector is loaded when it is first wanted. */
  static async open(): Promise<Inspector> {
    const { Session } = await import("node:inspector");
    const session = new Session();
    session.connect();
    return new Inspector(session);
  }

  async startCpuProfile(sampleIntervalUs: number): Promise<void> {
    const session = this.#session;
    await settled((done) => session.post("Profiler.enable", done));
    const interval = { interval: sampleIntervalUs };
    await settled((done) => session.post("Profiler.setSamplingInterval", interval, done));
    await settled((done) => session.post("Profiler.start", done));
  }

  async stopCpuProfile(): Promise<Profiler.Profile> {
    const { profile } = await settled<Profiler.StopReturnType>((done) =>
      this.#session.post("Profiler.stop", done)
    );
    return profile;
  }

  async startHeapProfile(sampleBytes: number): Promise<void> {
    const session = this.#session;
    await settled((done) => session.post("HeapProfiler.enable", done));
    const options = { samplingInterval: sampleBytes };
    await settled((done) => session.post("HeapProfiler.startSampling", options, done));
  }

  /** What was allocated since the start and still lives. */
  async heapProfile(): Promise<HeapProfiler.SamplingHeapProfile> {
    const { profile } = await settled<HeapProfiler.GetSamplingProfileReturnType>((done) =>
      this.#session.post("HeapProfiler.getSamplingProfile", done)
    );
    return profile;
  }

  /** Ends the session and whatever it had begun. */
  close(): void {
    this.#session.disconnect();
  }
}

function settled<Result = void>(
  post: (done: (error: Error | null, result: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    post((error, result) => error === null ? resolve(result) : reject(error));
  });
}
