import { AuthUserDeleteResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { doneAnswer } from "../output/answers.ts";

/** Deletes a user. */
export const USER_DELETE_COMMAND: Command = {
  name: "delete",
  synopsis: "<user name>",
  short: "Deletes a user",
  async run(context) {
    const [user] = context.args;
    if (context.args.length !== 1) {
      throw badArguments("user delete command requires user name as its argument");
    }
    const response = await context.call(AUTH_SERVICE.userDelete, { name: plainText(user) });
    context.printer.answer(doneAnswer(AuthUserDeleteResponse, response, `User ${user} deleted`));
  },
};
