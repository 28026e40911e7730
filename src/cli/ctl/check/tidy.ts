import { goQuote } from "../../../base/go_quote.ts";
import { CompactionRequest, DefragmentRequest } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { CLI_LIMITS } from "../../limits.ts";
import { byteText } from "../byte_text.ts";
import type { CommandContext } from "../context.ts";

/** Forgets the history that a check has made, if that was asked for. */
export async function compactIfAsked(context: CommandContext, revision: number): Promise<void> {
  if (!context.flags.bool("auto-compact")) return;
  const { transport } = await context.session();
  context.io.stdout(`Compacting with revision ${revision}\n`);
  const request = CompactionRequest.encode(CompactionRequest.create({ revision, physical: true }));
  await transport.unary(KV_SERVICE.compact.path, request, { timeoutMs: CLI_LIMITS.tidyMs });
  context.io.stdout(`Compacted with revision ${revision}\n`);
}

/** Gives back the space that a check has taken, if that was asked for. */
export async function defragmentIfAsked(context: CommandContext): Promise<void> {
  if (!context.flags.bool("auto-defrag")) return;
  for (const endpoint of await context.endpoints()) {
    const { transport } = await context.session(endpoint);
    context.io.stdout(byteText(`Defragmenting ${goQuote(endpoint)}\n`));
    const request = DefragmentRequest.encode(DefragmentRequest.create());
    const options = { timeoutMs: CLI_LIMITS.tidyMs };
    await transport.unary(MAINTENANCE_SERVICE.defragment.path, request, options);
    context.io.stdout(byteText(`Defragmented ${goQuote(endpoint)}\n`));
  }
}
