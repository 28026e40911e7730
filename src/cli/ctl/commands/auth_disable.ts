import { AUTH_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";

/** Has the server let everybody in. */
export const AUTH_DISABLE_COMMAND: Command = {
  name: "disable",
  short: "Disables authentication",
  async run(context) {
    if (context.args.length > 0) {
      throw badArguments("auth disable command does not accept any arguments");
    }
    await context.call(AUTH_SERVICE.authDisable, {});
    context.io.stdout("Authentication Disabled\n");
  },
};
