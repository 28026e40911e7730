import { DeleteRangeRequest } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import { type ByteText, quoteBytes } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag, type Flag } from "../flags/flag.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import type { CtlIo } from "../io.ts";
import { checkRangeFlags, rangeOf } from "./get.ts";

/** Flags that say which keys are deleted. */
export const DEL_FLAGS: readonly Flag[] = [
  boolFlag("prefix", "delete keys with matching prefix"),
  boolFlag("prev-kv", "return deleted key-value pairs"),
  boolFlag(
    "from-key",
    "delete keys that are greater than or equal to the given key using byte compare",
  ),
  boolFlag("range", "delete range of keys"),
];

/** Deletes a key or a range of keys. */
export const DEL_COMMAND: Command = {
  name: "del",
  synopsis: "[options] <key> [range_end]",
  short: "Removes the specified key or range of keys [key, range_end)",
  flags: DEL_FLAGS,
  async run(context) {
    const request = delRequest(context.flags, context.args);
    await warnOfRange(context.io, context.flags, context.args);
    context.printer.del(await context.call(KV_SERVICE.deleteRange, request));
  },
};

/** So long a person has to think again. */
const THINKING_MS = 2000;

/**
 * Two arguments may be a slip, where two keys were meant, so the range must be asked for or is
 * deleted only after some time.
 */
export async function warnOfRange(
  io: CtlIo,
  flags: FlagSet,
  args: readonly ByteText[],
): Promise<void> {
  if (args.length < 2 || flags.bool("range")) return;
  io.stderr(
    `Warning: Keys between ${quoteBytes(args[0])} and ${quoteBytes(args[1])} will be deleted. ` +
      "Please interrupt the command within next 2 seconds to cancel. " +
      "You can provide `--range` flag to avoid the delay.\n",
  );
  await new Promise<void>((resolve) => io.clock.setTimer(THINKING_MS, resolve));
}

/** The request that a command line asks for. Throws a CtlError when it is wrong. */
export function delRequest(flags: FlagSet, args: readonly ByteText[]): DeleteRangeRequest {
  if (args.length === 0 || args.length > 2) {
    throw badArguments(
      "del command needs one argument as key and an optional argument as range_end",
    );
  }
  checkRangeFlags(flags, args);
  return DeleteRangeRequest.create({ ...rangeOf(flags, args), prevKv: flags.bool("prev-kv") });
}
