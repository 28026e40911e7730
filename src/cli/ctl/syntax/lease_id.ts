import type { ByteText } from "../byte_text.ts";
import { badArguments } from "../exit_code.ts";
import { IntegerError, parseInt64 } from "../flags/go_integer.ts";

/** Reads a lease's ID, which is written in hexadecimal. Throws a CtlError when it is none. */
export function parseLeaseId(text: ByteText): bigint {
  try {
    return parseInt64(text, 16);
  } catch (error) {
    if (!(error instanceof IntegerError)) throw error;
    throw badArguments(`bad lease ID arg (${error.message}), expecting ID in Hex`);
  }
}
