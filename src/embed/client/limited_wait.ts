import type { Clock } from "../../base/clock.ts";
import { canceledError, deadlineError } from "./client_error.ts";
import type { CallOptions } from "./transport/transport.ts";

/**
 * Waits for something that several calls wait for, no longer than this one of them may: rejects
 * with DeadlineExceeded when its time is up and with Canceled when its signal is aborted.
 */
export async function limitedWait<T>(
  shared: Promise<T>,
  clock: Clock,
  { signal, timeoutMs }: CallOptions,
): Promise<T> {
  if (signal === undefined && timeoutMs === undefined) return await shared;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  shared.then(resolve, reject);
  const timer = timeoutMs === undefined
    ? undefined
    : clock.setTimer(timeoutMs, () => reject(deadlineError()));
  const abort = () => reject(canceledError(signal));
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  return await promise.finally(() => {
    timer?.cancel();
    signal?.removeEventListener("abort", abort);
  });
}
