import type { Clock } from "../../base/clock.ts";
import { canceledError, deadlineError } from "./client_error.ts";
import type { CallOptions } from "./transport.ts";

/**
 * Runs work that consists of many calls within the limits that its caller set for all of them. It
 * gets one signal for its calls; what they throw because it was aborted becomes the reason: the
 * caller's, the deadline's, or that of `lost`.
 */
export async function withinLimits<T>(
  clock: Clock,
  { signal, timeoutMs }: CallOptions,
  lost: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limits = new AbortController();
  const giveUp = () => limits.abort(canceledError(signal));
  const lose = () => limits.abort(lost.reason);
  signal?.addEventListener("abort", giveUp);
  lost.addEventListener("abort", lose);
  const timer = timeoutMs === undefined
    ? undefined
    : clock.setTimer(timeoutMs, () => limits.abort(deadlineError()));
  if (lost.aborted) lose();
  if (signal?.aborted) giveUp();
  try {
    return await work(limits.signal);
  } catch (error) {
    throw limits.signal.aborted ? limits.signal.reason : error;
  } finally {
    timer?.cancel();
    signal?.removeEventListener("abort", giveUp);
    lost.removeEventListener("abort", lose);
  }
}
