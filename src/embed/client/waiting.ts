import type { Clock } from "../../base/clock.ts";
import { canceledError, type ClientError, deadlineError } from "./client_error.ts";
import type { CallOptions } from "./transport/transport.ts";

/**
 * Runs work that consists of many calls within the limits that its caller set for all of them. It
 * gets one signal for its calls; what they throw because it was aborted becomes the reason: that
 * the caller gave up, that the time is over, or what `lostError` says when `lost` is aborted.
 */
export async function withinLimits<T>(
  clock: Clock,
  { signal, timeoutMs }: CallOptions,
  lost: AbortSignal,
  lostError: () => ClientError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limits = new AbortController();
  const giveUp = () => limits.abort(canceledError(signal));
  const lose = () => limits.abort(lostError());
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

/**
 * The result of work, or a rejection as soon as the signal is aborted. What is in the log of the
 * server cannot be taken back: `undo` gets a result that comes too late.
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  undo: (late: T) => Promise<void>,
): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } catch (error) {
    // If that cannot be undone now, it ends with the session's lease.
    work.then(undo).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
