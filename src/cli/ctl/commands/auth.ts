import type { Command } from "../command.ts";
import { AUTH_DISABLE_COMMAND } from "./auth_disable.ts";
import { AUTH_ENABLE_COMMAND } from "./auth_enable.ts";
import { AUTH_STATUS_COMMAND } from "./auth_status.ts";

/** Whether the server asks who calls. */
export const AUTH_COMMAND: Command = {
  name: "auth",
  short: "Enable or disable authentication",
  commands: [AUTH_ENABLE_COMMAND, AUTH_DISABLE_COMMAND, AUTH_STATUS_COMMAND],
};
