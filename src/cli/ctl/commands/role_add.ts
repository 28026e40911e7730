import { AuthRoleAddResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { doneAnswer } from "../output/answers.ts";

/** Adds a role that may do nothing yet. */
export const ROLE_ADD_COMMAND: Command = {
  name: "add",
  synopsis: "<role name>",
  short: "Adds a new role",
  async run(context) {
    const [role] = context.args;
    if (context.args.length !== 1) {
      throw badArguments("role add command requires role name as its argument");
    }
    const response = await context.call(AUTH_SERVICE.roleAdd, { name: plainText(role) });
    context.printer.answer(doneAnswer(AuthRoleAddResponse, response, `Role ${role} created`));
  },
};
