import type { Command } from "../command.ts";
import { flagLines } from "../flags/flag_lines.ts";
import { GLOBAL_FLAGS } from "../flags/global_flags.ts";

/** Explains the flags that every command has, which the help of each leaves out. */
export const OPTIONS_COMMAND: Command = {
  name: "options",
  short: "Show the global command-line flags",
  run({ io }) {
    const lines = flagLines(GLOBAL_FLAGS).map((line) => `${line}\n`);
    io.stdout(`The following options can be passed to any command:\n\n${lines.join("")}`);
    return Promise.resolve();
  },
};
