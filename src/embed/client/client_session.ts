import type { Clock } from "../../base/clock.ts";
import { canceledError, closedError, isUnavailable } from "./client_error.ts";
import { CLIENT_LIMITS } from "./limits.ts";
import type { CallOptions, Transport } from "./transport/transport.ts";

/** What a client shares with its watches and leases. */
export interface ClientSession {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
}

/** Twice the delay, within the bound for trying again. */
export function nextRetryDelay(delayMs: number): number {
  return Math.min(2 * delayMs, CLIENT_LIMITS.retryMostMs);
}

/**
 * Makes a call that changes nothing at the server. While the server cannot be reached or has no
 * leader it is made again, until its time is up; a call that may have changed something must not
 * be repeated so.
 */
export async function readCall(
  session: ClientSession,
  path: string,
  request: Uint8Array,
  options: CallOptions,
): Promise<Uint8Array> {
  const { clock, transport } = session;
  const startMs = clock.monotonicMs();
  const endMs = startMs + (options.timeoutMs ?? CLIENT_LIMITS.readRetryMs);
  let attempt = options;
  for (let delayMs: number = CLIENT_LIMITS.retryFirstMs;; delayMs = nextRetryDelay(delayMs)) {
    try {
      return await transport.unary(path, request, attempt);
    } catch (error) {
      if (!isUnavailable(error) || clock.monotonicMs() + delayMs >= endMs) throw error;
    }
    await sleep(session, delayMs, options.signal);
    if (options.timeoutMs !== undefined) {
      attempt = { ...options, timeoutMs: Math.max(1, endMs - clock.monotonicMs()) };
    }
  }
}

/** Waits; rejects when the signal is aborted or the client closed meanwhile. */
function sleep(
  { clock, closing }: ClientSession,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = clock.setTimer(delayMs, resolve);
  const close = () => reject(closedError());
  const abort = () => reject(canceledError(signal));
  closing.addEventListener("abort", close);
  signal?.addEventListener("abort", abort);
  if (closing.aborted) close();
  if (signal?.aborted) abort();
  return promise.finally(() => {
    timer.cancel();
    closing.removeEventListener("abort", close);
    signal?.removeEventListener("abort", abort);
  });
}
