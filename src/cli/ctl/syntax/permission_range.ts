import { latin1PrefixEnd } from "../../../embed/client/kv/keys.ts";
import type { ByteText } from "../byte_text.ts";
import { badArguments } from "../exit_code.ts";
import type { FlagSet } from "../flags/flag_set.ts";

/** The end of a range that reaches to the very last key. */
const OPEN_END = "\0";

/** The keys that a permission is for. Throws a CtlError when arguments and flags do not agree. */
export function permissionRange(
  flags: FlagSet,
  [key, end]: readonly ByteText[],
): { key: ByteText; rangeEnd: ByteText } {
  const isPrefix = flags.bool("prefix");
  const isFromKey = flags.bool("from-key");
  // No key at all is the first of all keys; then an end that is given does not count.
  if (end === undefined || key === "") {
    if (isPrefix && isFromKey) {
      throw badArguments("--from-key and --prefix flags are mutually exclusive");
    }
    if (key === "") return { key: "\0", rangeEnd: isPrefix || isFromKey ? OPEN_END : "" };
    if (isPrefix) return { key, rangeEnd: latin1PrefixEnd(key) };
    return { key, rangeEnd: isFromKey ? OPEN_END : "" };
  }
  for (const flag of ["prefix", "from-key"]) {
    if (flags.bool(flag)) throw badArguments(`unexpected endkey argument with --${flag} flag`);
  }
  return { key, rangeEnd: end };
}
