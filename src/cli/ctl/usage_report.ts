import type { ByteText } from "./byte_text.ts";
import type { Command } from "./command.ts";
import { unknownCommandText } from "./command_tree.ts";
import { EXIT_CODE } from "./exit_code.ts";
import { usageText } from "./help.ts";

/** Where complaints go. */
interface ErrorOutput {
  stderr(bytes: ByteText): void;
}

/** Tells what is wrong with a command line, and how the command is used; returns the exit code. */
export function reportUsage(
  io: ErrorOutput,
  path: readonly Command[],
  message: ByteText,
): number {
  io.stderr(`Error: ${message}\n${usageText(path)}\n`);
  return EXIT_CODE.error;
}

/** Tells that a program has no such command; returns the exit code. */
export function reportUnknown(io: ErrorOutput, program: Command, word: ByteText): number {
  const text = unknownCommandText(program, word);
  io.stderr(`Error: ${text}\nRun '${program.name} --help' for usage.\n`);
  return EXIT_CODE.error;
}
