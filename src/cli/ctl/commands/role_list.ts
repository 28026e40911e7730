import { AUTH_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { roleListAnswer } from "../output/role_answers.ts";

/** Lists all roles. */
export const ROLE_LIST_COMMAND: Command = {
  name: "list",
  short: "Lists all roles",
  async run(context) {
    if (context.args.length > 0) throw badArguments("role list command requires no arguments");
    context.printer.answer(roleListAnswer(await context.call(AUTH_SERVICE.roleList, {})));
  },
};
