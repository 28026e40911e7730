import { AuthUserGrantRoleResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { doneAnswer } from "../output/answers.ts";

/** Gives a user a role. */
export const USER_GRANT_ROLE_COMMAND: Command = {
  name: "grant-role",
  synopsis: "<user name> <role name>",
  short: "Grants a role to a user",
  async run(context) {
    if (context.args.length !== 2) {
      throw badArguments("user grant command requires user name and role name as its argument");
    }
    const [user, role] = context.args;
    const names = { user: plainText(user), role: plainText(role) };
    const response = await context.call(AUTH_SERVICE.userGrantRole, names);
    const line = `Role ${role} is granted to user ${user}`;
    context.printer.answer(doneAnswer(AuthUserGrantRoleResponse, response, line));
  },
};
