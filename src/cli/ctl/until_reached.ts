import { type ClientError, deadlineError, isUnavailable } from "../../embed/client/client_error.ts";
import { CLI_LIMITS } from "../limits.ts";
import type { CommandContext } from "./context.ts";
import { reportUnreachable } from "./errors.ts";

/**
 * Does something on a stream, which does not wait for a connection by itself: it is tried again, as
 * long as a command may take, until one of the servers named is reached.
 */
export async function untilReached<T>(
  context: CommandContext,
  attempt: (timeoutMs: number) => Promise<T>,
): Promise<T> {
  const { clock } = context.io;
  const endMs = clock.monotonicMs() + context.timeoutMs;
  for (;;) {
    const leftMs = endMs - clock.monotonicMs();
    try {
      return await attempt(Math.max(0, leftMs));
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      if (leftMs <= CLI_LIMITS.reachAgainMs) throw outOfTime(context, error);
    }
    await new Promise<void>((resolve) => clock.setTimer(CLI_LIMITS.reachAgainMs, resolve));
  }
}

function outOfTime({ io }: CommandContext, cause: unknown): ClientError {
  const error = deadlineError(cause);
  reportUnreachable(io, error);
  return error;
}
