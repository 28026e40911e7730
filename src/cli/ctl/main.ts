import { byteText } from "./byte_text.ts";
import type { Command } from "./command.ts";
import { findCommand, leafOf, newFlagSet, unknownWord } from "./command_tree.ts";
import { CommandContext } from "./context.ts";
import { applyEnvironment, variableOf } from "./environment.ts";
import { errorText } from "./errors.ts";
import { CtlError, EXIT_CODE, SilentExit } from "./exit_code.ts";
import { FlagError, type FlagSet, type Positionals } from "./flags/flag_set.ts";
import { GLOBAL_FLAGS } from "./flags/global_flags.ts";
import { helpText } from "./help.ts";
import { printHelp } from "./help_command.ts";
import { type CtlIo, systemIo } from "./io.ts";
import { HELP_COMMAND, ROOT_COMMAND } from "./root.ts";
import { UsageError } from "./usage_error.ts";
import { reportUnknown, reportUsage } from "./usage_report.ts";

/**
 * Runs `detcd ctl` with these arguments and resolves with its exit code. What it prints and how it
 * ends is what etcdctl prints and how it ends.
 */
export async function ctlMain(args: readonly string[], io: CtlIo = systemIo()): Promise<number> {
  const words = args.map(byteText);
  const found = findCommand(ROOT_COMMAND, words);
  const unknown = unknownWord(found);
  if (unknown !== undefined) return reportUnknown(io, ROOT_COMMAND, unknown);
  const flags = newFlagSet(found.path);
  let positionals: Positionals;
  try {
    positionals = flags.parse(found.args);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return reportUsage(io, found.path, error.message);
  }
  const leaf = leafOf(found.path);
  if (leaf === HELP_COMMAND && !flags.bool("help")) {
    printHelp(io, ROOT_COMMAND, positionals.args);
    return EXIT_CODE.success;
  }
  const { run } = leaf;
  if (run === undefined || flags.bool("help")) {
    io.stdout(helpText(found.path));
    return EXIT_CODE.success;
  }
  const context = new CommandContext(io, flags, positionals);
  try {
    applyEnvironment(io, flags);
    if (flags.bool("debug")) printFlags(io, flags);
    await run(context);
    return EXIT_CODE.success;
  } catch (error) {
    return reportError(io, found.path, error);
  } finally {
    await context.close();
  }
}

function reportError(io: CtlIo, path: readonly Command[], error: unknown): number {
  // What went wrong first is told, not what could not be tidied up behind it.
  if (error instanceof SuppressedError) return reportError(io, path, error.suppressed);
  if (error instanceof SilentExit) return error.exitCode;
  if (error instanceof UsageError) return reportUsage(io, path, error.message);
  const message = error instanceof CtlError ? error.message : byteText(errorText(error));
  io.stderr(`Error: ${message}\n`);
  return error instanceof CtlError ? error.exitCode : EXIT_CODE.error;
}

/** What `--debug` shows of the settings. */
function printFlags(io: CtlIo, flags: FlagSet): void {
  for (const { name, kind } of GLOBAL_FLAGS.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    const value = kind === "strings" ? `[${flags.text(name)}]` : flags.text(name);
    io.stderr(`${variableOf(name)}=${value}\n`);
  }
}
