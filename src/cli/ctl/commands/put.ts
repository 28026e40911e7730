import { PutRequest } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import { bytesFromLatin1 } from "../../../base/bytes.ts";
import type { ByteText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag, type Flag, stringFlag } from "../flags/flag.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import { IntegerError, parseInt64 } from "../flags/go_integer.ts";

/** Flags that say how a key is put. */
export const PUT_FLAGS: readonly Flag[] = [
  stringFlag("lease", "0", "lease ID (in hexadecimal) to attach to the key"),
  boolFlag("prev-kv", "return the previous key-value pair before modification"),
  boolFlag("ignore-value", "updates the key using its current value"),
  boolFlag("ignore-lease", "updates the key using its current lease"),
];

/** Writes a key. */
export const PUT_COMMAND: Command = {
  name: "put",
  synopsis: "[options] <key> <value> (<value> can also be given from stdin)",
  short: "Puts the given key into the store",
  long: `
Puts the given key into the store.

When <value> begins with '-', <value> is interpreted as a flag.
Insert '--' for workaround:

$ put <key> -- <value>
$ put -- <key> <value>

If <value> isn't given as a command line argument and '--ignore-value' is not specified,
this command tries to read the value from standard input.

If <lease> isn't given as a command line argument and '--ignore-lease' is not specified,
this command tries to read the value from standard input.

For example,
$ cat file | put <key>
will store the content of the file to <key>.`,
  flags: PUT_FLAGS,
  async run(context) {
    const { args, flags, io } = context;
    const isValueMissing = args.length === 1 && !flags.bool("ignore-value");
    const input = isValueMissing ? await io.readInput() : "";
    const request = putRequest(flags, args, input);
    context.printer.put(await context.call(KV_SERVICE.put, request));
  },
};

/**
 * The request that a command line asks for; `input` is the value when none is given. Throws a
 * CtlError when it is wrong.
 */
export function putRequest(flags: FlagSet, args: readonly ByteText[], input: ByteText): PutRequest {
  const ignoreValue = flags.bool("ignore-value");
  const [key, given] = args;
  if (key === undefined) throw missingArguments();
  if (ignoreValue && args.length > 1) {
    throw badArguments("put command needs only 1 argument when 'ignore-value' is set");
  }
  const value = given ?? input;
  if (!ignoreValue && given === undefined && input === "") throw missingArguments();
  return PutRequest.create({
    key,
    value: bytesFromLatin1(ignoreValue ? "" : value),
    lease: leaseOf(flags),
    prevKv: flags.bool("prev-kv"),
    ignoreValue,
    ignoreLease: flags.bool("ignore-lease"),
  });
}

function missingArguments(): Error {
  return badArguments("put command needs 1 argument and input from stdin or 2 arguments");
}

function leaseOf(flags: FlagSet): bigint {
  try {
    return parseInt64(flags.text("lease"), 16);
  } catch (error) {
    if (!(error instanceof IntegerError)) throw error;
    throw badArguments(`bad lease ID (${error.message}), expecting ID in Hex`);
  }
}
