import { DeleteRangeRequest } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import type { ByteText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag, type Flag } from "../flags/flag.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import { checkRangeFlags, rangeOf } from "./get.ts";

/** Flags that say which keys are deleted. */
export const DEL_FLAGS: readonly Flag[] = [
  boolFlag("prefix", "delete keys with matching prefix"),
  boolFlag("prev-kv", "return deleted key-value pairs"),
  boolFlag(
    "from-key",
    "delete keys that are greater than or equal to the given key using byte compare",
  ),
];

/** Deletes a key or a range of keys. */
export const DEL_COMMAND: Command = {
  name: "del",
  synopsis: "[options] <key> [range_end]",
  short: "Removes the specified key or range of keys [key, range_end)",
  flags: DEL_FLAGS,
  async run(context) {
    const request = delRequest(context.flags, context.args);
    context.printer.del(await context.call(KV_SERVICE.deleteRange, request));
  },
};

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
