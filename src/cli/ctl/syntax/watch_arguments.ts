import { latin1PrefixEnd } from "../../../embed/client/kv/keys.ts";
import { WatchCreateRequest } from "../../../pb/etcdserverpb.ts";
import type { ByteText } from "../byte_text.ts";
import { badArguments } from "../exit_code.ts";
import type { FlagSet, Positionals } from "../flags/flag_set.ts";

/** What is watched, and the program to run for each event, if any. */
export interface WatchArguments {
  readonly keys: readonly ByteText[];
  readonly command: readonly ByteText[];
}

const WRONG_NUMBER = "bad number of arguments";

/**
 * Parts the arguments into keys and the command behind `--`. `named` are keys that the environment
 * names, beside which there must be no others. Throws a CtlError when they do not fit together.
 */
export function watchArguments(
  { args, beforeDashes }: Positionals,
  named: readonly ByteText[],
): WatchArguments {
  const given = args.slice(0, beforeDashes);
  const command = beforeDashes === undefined ? [] : args.slice(beforeDashes);
  if (beforeDashes !== undefined && command.length === 0) {
    throw badArguments(`${WRONG_NUMBER} (found separator --, but no commands)`);
  }
  if (given.length > 0 && named.length > 0) {
    throw badArguments(`${WRONG_NUMBER} (found conflicting environment key)`);
  }
  const keys = named.length > 0 ? named : given;
  if (keys.length === 0) throw badArguments(WRONG_NUMBER);
  return { keys, command };
}

/** The request for a watch. Throws a CtlError when keys and flags do not fit together. */
export function watchRequest(flags: FlagSet, keys: readonly ByteText[]): WatchCreateRequest {
  const [key, end] = keys;
  const isPrefix = flags.bool("prefix");
  // A third key is ignored, and with it the second.
  const isRange = keys.length === 2;
  if (isRange && isPrefix) throw badArguments("`range_end` and `--prefix` are mutually exclusive");
  return WatchCreateRequest.create({
    key: key === "" && isPrefix ? "\0" : key,
    rangeEnd: isPrefix ? latin1PrefixEnd(key) : isRange ? end : "",
    startRevision: flags.int64("rev"),
    prevKv: flags.bool("prev-kv"),
    progressNotify: flags.bool("progress-notify"),
  });
}
