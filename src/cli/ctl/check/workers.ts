import type { Transport } from "../../../embed/client/transport/transport.ts";
import type { CommandContext } from "../context.ts";
import { SilentExit } from "../exit_code.ts";
import { showProgress } from "../shown_progress.ts";
import type { CheckKeys } from "./check_keys.ts";
import { type LoadPlan, type LoadResult, runLoad } from "./load.ts";

/** What a shell sees of a program that was interrupted. */
const INTERRUPTED_EXIT_CODE = 130;

/** Has clients write, each over a connection of its own, and shows how far they are. */
export async function writeByMany(
  context: CommandContext,
  keys: CheckKeys,
  plan: LoadPlan,
  what: string,
): Promise<LoadResult> {
  const transports = await connections(context, plan.clients);
  const interrupted = new AbortController();
  const stopListening = context.io.onInterrupt(() => interrupted.abort());
  const callsInAll = plan.calls ?? (plan.perSecond ?? 0) * (plan.durationMs ?? 0) / 1000;
  try {
    const totalBytes = callsInAll * keys.pairBytes;
    const result = await showProgress(context.io, what, totalBytes, (progress) => {
      return runLoad(context.io.clock, plan, interrupted.signal, async (client) => {
        await keys.put(transports[client]);
        progress.add(keys.pairBytes);
      });
    });
    if (!interrupted.signal.aborted) return result;
  } finally {
    stopListening();
  }
  await keys.deleteAll();
  throw new SilentExit(INTERRUPTED_EXIT_CODE);
}

async function connections(context: CommandContext, count: number): Promise<Transport[]> {
  const target = await context.target();
  const transports: Transport[] = [];
  for (let i = 0; i < count; i++) {
    transports.push((await context.openSession(target)).transport);
  }
  return transports;
}
