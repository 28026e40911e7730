import { messageOf } from "../../base/error_message.ts";
import { byteText } from "../ctl/byte_text.ts";
import { findCommand, newFlagSet, unknownWord } from "../ctl/command_tree.ts";
import { CtlError, EXIT_CODE, SilentExit } from "../ctl/exit_code.ts";
import { FlagError, type FlagSet, type Positionals } from "../ctl/flags/flag_set.ts";
import { helpText } from "../ctl/help.ts";
import { printHelp } from "../ctl/help_command.ts";
import { reportUnknown, reportUsage } from "../ctl/usage_report.ts";
import { commandAt, type UtlCommand } from "./command.ts";
import { UtlContext } from "./context.ts";
import { systemIo, type UtlIo } from "./io.ts";
import { HELP_COMMAND, ROOT_COMMAND } from "./root.ts";

/**
 * Runs `detcd utl` with these arguments and resolves with its exit code. Where etcdutl has a
 * command, what is printed on standard output and the exit code are the same.
 */
export async function utlMain(args: readonly string[], io: UtlIo = systemIo()): Promise<number> {
  const found = findCommand(ROOT_COMMAND, args.map(byteText));
  const unknown = unknownWord(found);
  if (unknown !== undefined) return reportUnknown(io, ROOT_COMMAND, unknown);
  const command = commandAt(ROOT_COMMAND, found.path);
  const flags = newFlagSet(found.path);
  let positionals: Positionals;
  try {
    positionals = flags.parse(found.args);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return reportUsage(io, found.path, error.message);
  }
  if (command === HELP_COMMAND && !flags.bool("help")) {
    printHelp(io, ROOT_COMMAND, positionals.args);
    return EXIT_CODE.success;
  }
  if (command.work === undefined || flags.bool("help")) {
    io.stdout(helpText(found.path));
    return EXIT_CODE.success;
  }
  return await runCommand(io, flags, positionals, command.work);
}

async function runCommand(
  io: UtlIo,
  flags: FlagSet,
  positionals: Positionals,
  work: NonNullable<UtlCommand["work"]>,
): Promise<number> {
  try {
    await work(new UtlContext(io, flags, positionals));
    return EXIT_CODE.success;
  } catch (error) {
    return reportError(io, error);
  }
}

function reportError(io: UtlIo, error: unknown): number {
  if (error instanceof SilentExit) return error.exitCode;
  const message = messageOf(error);
  io.stderr(byteText(`Error: ${message}\n`));
  return error instanceof CtlError ? error.exitCode : EXIT_CODE.error;
}
