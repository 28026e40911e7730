import { AuthUserRevokeRoleResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { doneAnswer } from "../output/answers.ts";

/** Takes a role from a user. */
export const USER_REVOKE_ROLE_COMMAND: Command = {
  name: "revoke-role",
  synopsis: "<user name> <role name>",
  short: "Revokes a role from a user",
  async run(context) {
    if (context.args.length !== 2) {
      throw badArguments("user revoke-role requires user name and role name as its argument");
    }
    const [user, role] = context.args;
    const names = { name: plainText(user), role: plainText(role) };
    const response = await context.call(AUTH_SERVICE.userRevokeRole, names);
    const line = `Role ${role} is revoked from user ${user}`;
    context.printer.answer(doneAnswer(AuthUserRevokeRoleResponse, response, line));
  },
};
