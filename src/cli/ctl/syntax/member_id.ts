import type { ByteText } from "../byte_text.ts";
import { badArguments } from "../exit_code.ts";
import { IntegerError, parseHexUint64 } from "../flags/go_integer.ts";

/** The one argument of a command about a member: its ID in hexadecimal. */
export function parseMemberId(args: readonly ByteText[]): bigint {
  if (args.length !== 1) throw badArguments("member ID is not provided");
  try {
    return parseHexUint64(args[0]);
  } catch (error) {
    if (!(error instanceof IntegerError)) throw error;
    throw badArguments(`bad member ID arg (${error.message}), expecting ID in Hex`);
  }
}
