import { type ByteText, plainText } from "../byte_text.ts";
import { badArguments } from "../exit_code.ts";

/** The one argument of a command about a downgrade. Throws a CtlError when it is not there. */
export function parseTargetVersion(args: readonly ByteText[]): string {
  if (args.length === 0) throw badArguments("TARGET_VERSION not provided");
  if (args.length > 1) throw badArguments("too many arguments");
  if (args[0] === "") throw badArguments("target version not provided");
  return plainText(args[0]);
}
