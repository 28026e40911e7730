import { AUTH_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { roleAnswer } from "../output/role_answers.ts";

/** Tells what a role may do. */
export const ROLE_GET_COMMAND: Command = {
  name: "get",
  synopsis: "<role name>",
  short: "Gets detailed information of a role",
  async run(context) {
    const [role] = context.args;
    if (context.args.length !== 1) {
      throw badArguments("role get command requires role name as its argument");
    }
    const response = await context.call(AUTH_SERVICE.roleGet, { role: plainText(role) });
    context.printer.answer(roleAnswer(role, response));
  },
};
