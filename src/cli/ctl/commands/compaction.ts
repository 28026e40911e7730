import { saturatedNumber } from "../../../base/saturated_number.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import { boolFlag } from "../flags/flag.ts";
import { IntegerError, parseInt64 } from "../flags/go_integer.ts";

/** Forgets the history up to a revision. */
export const COMPACTION_COMMAND: Command = {
  name: "compaction",
  synopsis: "[options] <revision>",
  short: "Compacts the event history in etcd",
  flags: [
    boolFlag("physical", "'true' to wait for compaction to physically remove all old revisions"),
  ],
  async run(context) {
    if (context.args.length !== 1) throw badArguments("compaction command needs 1 argument");
    const revision = revisionOf(context.args[0]);
    const physical = context.flags.bool("physical");
    await context.call(KV_SERVICE.compact, { revision, physical });
    context.io.stdout(`compacted revision ${revision}\n`);
  },
};

function revisionOf(text: string): number {
  try {
    return saturatedNumber(parseInt64(text, 10));
  } catch (error) {
    if (!(error instanceof IntegerError)) throw error;
    throw new CtlError(EXIT_CODE.error, error.message);
  }
}
