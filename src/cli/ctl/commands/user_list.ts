import { AUTH_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { userListAnswer } from "../output/user_answers.ts";

export const USER_LIST_COMMAND: Command = {
  name: "list",
  short: "Lists all users",
  async run(context) {
    if (context.args.length > 0) throw badArguments("user list command requires no arguments");
    context.printer.answer(userListAnswer(await context.call(AUTH_SERVICE.userList, {})));
  },
};
