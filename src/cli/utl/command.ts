import type { Command } from "../ctl/command.ts";
import type { UtlContext } from "./context.ts";

/** One command, or a group of them; what `ctl`'s help and flags need of it is the same. */
export interface UtlCommand extends Omit<Command, "run" | "commands"> {
  readonly commands?: readonly UtlCommand[];
  /** Does the work. Throws an error for what goes wrong; without one the exit code is 0. */
  readonly work?: (context: UtlContext) => Promise<void>;
}

/** The command at the end of a path that `findCommand` has found below `root`. */
export function commandAt(root: UtlCommand, path: readonly Command[]): UtlCommand {
  let command = root;
  for (const { name } of path.slice(1)) {
    const child = command.commands?.find((candidate) => candidate.name === name);
    if (child === undefined) throw new TypeError(`There is no command ${name}`);
    command = child;
  }
  return command;
}
