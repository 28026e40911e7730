import type { ByteText } from "./byte_text.ts";
import type { Command } from "./command.ts";
import { findCommand } from "./command_tree.ts";
import { helpText, usageText } from "./help.ts";

/** Where help goes. */
interface HelpOutput {
  stdout(bytes: ByteText): void;
  stderr(bytes: ByteText): void;
}

/** Prints the help of the command that the words name, or says that there is none. */
export function printHelp(io: HelpOutput, root: Command, words: readonly ByteText[]): void {
  const { path, args: rest } = findCommand(root, words);
  if (path.length === 1 && rest.length > 0) {
    const topics = rest.map((word) => `\`${word}\``).join(" ");
    io.stderr(`Unknown help topic [${topics}]\n${usageText(path)}`);
  } else io.stdout(helpText(path));
}
