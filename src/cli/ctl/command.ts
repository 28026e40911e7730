import type { CommandContext } from "./context.ts";
import type { Flag } from "./flags/flag.ts";

/** Commands that belong together, for the help. */
export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly Command[];
}

/** One command, or a group of them. */
export interface Command {
  /** The word that asks for it. */
  readonly name: string;
  /** What follows the name in the usage line. */
  readonly synopsis?: string;
  /** One line. */
  readonly short: string;
  /** As many lines as it takes. */
  readonly long?: string;
  /** Flags of this command only. */
  readonly flags?: readonly Flag[];
  /** Flags of the commands below this one as well. */
  readonly sharedFlags?: readonly Flag[];
  /** Whether the help of this command and those below it leaves its flags out. */
  readonly hidesFlags?: boolean;
  readonly commands?: readonly Command[];
  /** The same commands by what they are about. */
  readonly groups?: readonly CommandGroup[];
  /** Does the work. Throws a CtlError for what goes wrong; without one the exit code is 0. */
  readonly run?: (context: CommandContext) => Promise<void>;
}
