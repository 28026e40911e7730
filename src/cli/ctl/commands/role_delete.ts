import { AuthRoleDeleteResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { doneAnswer } from "../output/answers.ts";

/** Deletes a role and takes it from all users. */
export const ROLE_DELETE_COMMAND: Command = {
  name: "delete",
  synopsis: "<role name>",
  short: "Deletes a role",
  async run(context) {
    const [role] = context.args;
    if (context.args.length !== 1) {
      throw badArguments("role delete command requires role name as its argument");
    }
    const response = await context.call(AUTH_SERVICE.roleDelete, { role: plainText(role) });
    context.printer.answer(doneAnswer(AuthRoleDeleteResponse, response, `Role ${role} deleted`));
  },
};
