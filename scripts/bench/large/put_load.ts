import { Worker } from "node:worker_threads";
import type { Sample } from "./open_loop.ts";

/** What the thread that sends the puts has to know. */
export interface PutLoad {
  readonly port: number;
  readonly keyCount: number;
  readonly perSecond: number;
}

/** Puts at a fixed rate while `work` is under way, and all answers to them. */
export async function putDuring<T>(
  load: PutLoad,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly samples: readonly Sample[] }> {
  const worker = new Worker(new URL("./put_worker.ts", import.meta.url), { workerData: load });
  const samples = new Promise<readonly Sample[]>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  // It is awaited below; until then a failure of the worker must not end the bench unreported.
  samples.catch(() => {});
  try {
    const result = await work();
    worker.postMessage("stop");
    return { result, samples: await samples };
  } finally {
    await worker.terminate();
  }
}
