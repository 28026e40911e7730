import { type ByteText, byteText, quoteBytes } from "../byte_text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { badArguments, CtlError, EXIT_CODE, invalidInput } from "../exit_code.ts";
import { boolFlag, type Flag, int64Flag } from "../flags/flag.ts";
import { FlagError, FlagSet, type Positionals } from "../flags/flag_set.ts";
import { splitWords } from "../syntax/words.ts";
import { PrintedWatch } from "../printed_watch.ts";
import { type WatchArguments, watchArguments, watchRequest } from "../syntax/watch_arguments.ts";

const INTERACTIVE: Flag = boolFlag("interactive", "Interactive mode", "i");

/** Flags that say what is watched. */
const WATCH_FLAGS: readonly Flag[] = [
  boolFlag("prefix", "Watch on a prefix if prefix is set"),
  int64Flag("rev", "Revision to start watching"),
  boolFlag("prev-kv", "get the previous key-value pair before the event happens"),
  boolFlag("progress-notify", "get periodic watch progress notification from server"),
];

/** Prints what happens to keys as it happens. */
export const WATCH_COMMAND: Command = {
  name: "watch",
  synopsis: "[options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
  short: "Watches events stream on keys or prefixes",
  flags: [INTERACTIVE, ...WATCH_FLAGS],
  async run(context) {
    const named = namedByEnvironment(context);
    if (context.flags.bool("interactive")) return await watchInteractively(context, named);
    const what = watchArguments(context, named);
    const watch = await start(context, context.flags, what);
    await watch.ended;
    throw new CtlError(EXIT_CODE.interrupted, "watch is canceled by the server");
  },
};

/** The keys that the environment names; none if it names none. */
function namedByEnvironment({ io: { environment } }: CommandContext): ByteText[] {
  const { ETCDCTL_WATCH_KEY: key = "", ETCDCTL_WATCH_RANGE_END: end = "" } = environment;
  if (key === "" && end !== "") {
    throw badArguments(
      `ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END=${quoteBytes(byteText(end))}`,
    );
  }
  return [key, end].filter((text) => text !== "").map(byteText);
}

async function start(
  context: CommandContext,
  flags: FlagSet,
  { keys, command }: WatchArguments,
): Promise<PrintedWatch> {
  const request = watchRequest(flags, keys);
  return new PrintedWatch(await context.session(), request, context, command);
}

/** Reads `watch ...` and `progress` from standard input, line by line. */
async function watchInteractively(context: CommandContext, named: ByteText[]): Promise<void> {
  const watches: PrintedWatch[] = [];
  const failed = Promise.withResolvers<never>();
  // Somebody listens again when the next line is waited for.
  failed.promise.catch(() => {});
  for (;;) {
    const line = await Promise.race([context.io.readLine(), failed.promise]);
    if (line === undefined) {
      const message = "error reading watch request line: EOF";
      throw invalidInput(message);
    }
    const watch = await runLine(context, line.replace(/\n$/, ""), named, watches);
    if (watch === undefined) continue;
    watches.push(watch);
    watch.ended.catch(failed.reject);
  }
}

/** Does what one line says; gives the watch that it starts, if it does. */
async function runLine(
  context: CommandContext,
  text: ByteText,
  named: ByteText[],
  watches: readonly PrintedWatch[],
): Promise<PrintedWatch | undefined> {
  const [command, ...words] = splitWords(text);
  if (command === "watch") return await startLine(context, words, text, named);
  if (command === "progress") {
    for (const watch of watches) watch.requestProgress();
  } else if (command === undefined) {
    context.io.stderr(`Invalid command: ${text} (watch and progress supported)\n`);
  } else context.io.stderr(`Invalid command ${text} (only support watch)\n`);
  return undefined;
}

/** Starts the watch of one line; undefined when the line is wrong and the user may try again. */
async function startLine(
  context: CommandContext,
  words: readonly ByteText[],
  text: ByteText,
  named: ByteText[],
): Promise<PrintedWatch | undefined> {
  const complain = (why: string) => context.io.stderr(`Invalid command ${text} (${why})\n`);
  if (words.length === 0 && named.length === 0) {
    complain("command type or key is not provided");
    return undefined;
  }
  const flags = new FlagSet([INTERACTIVE, ...WATCH_FLAGS]);
  const what = watchArguments(parseLine(flags, words), named);
  try {
    return await start(context, flags, what);
  } catch (error) {
    if (!(error instanceof CtlError) || error.exitCode !== EXIT_CODE.badArguments) throw error;
    complain(error.message);
    return undefined;
  }
}

function parseLine(flags: FlagSet, words: readonly ByteText[]): Positionals {
  try {
    return flags.parse(words);
  } catch (error) {
    if (error instanceof FlagError) throw badArguments(error.message);
    throw error;
  }
}
