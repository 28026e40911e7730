import type { Command } from "../command.ts";
import { DOWNGRADE_CANCEL_COMMAND } from "./downgrade_cancel.ts";
import { DOWNGRADE_ENABLE_COMMAND } from "./downgrade_enable.ts";
import { DOWNGRADE_VALIDATE_COMMAND } from "./downgrade_validate.ts";

/** How a cluster is brought back to the version before. */
export const DOWNGRADE_COMMAND: Command = {
  name: "downgrade",
  short: "Downgrade related commands",
  commands: [DOWNGRADE_VALIDATE_COMMAND, DOWNGRADE_ENABLE_COMMAND, DOWNGRADE_CANCEL_COMMAND],
};
