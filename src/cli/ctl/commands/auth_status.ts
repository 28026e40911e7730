import { AUTH_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { authStatusAnswer } from "../output/user_answers.ts";

/** Tells whether the server asks who calls. */
export const AUTH_STATUS_COMMAND: Command = {
  name: "status",
  short: "Returns authentication status",
  async run(context) {
    if (context.args.length > 0) {
      throw badArguments("auth status command does not accept any arguments");
    }
    context.printer.answer(authStatusAnswer(await context.call(AUTH_SERVICE.authStatus, {})));
  },
};
