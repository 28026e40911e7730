import { AUTH_SERVICE } from "../../../pb/services.ts";
import { byteText, plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag } from "../flags/flag.ts";
import { roleAnswer } from "../output/role_answers.ts";
import { userAnswer } from "../output/user_answers.ts";

/** Tells which roles a user has, or all that he may do. */
export const USER_GET_COMMAND: Command = {
  name: "get",
  synopsis: "<user name> [options]",
  short: "Gets detailed information of a user",
  flags: [boolFlag("detail", "Show permissions of roles granted to the user")],
  async run(context) {
    const { args, io } = context;
    const [user] = args;
    if (args.length !== 1) {
      throw badArguments("user get command requires user name as its argument");
    }
    const response = await context.call(AUTH_SERVICE.userGet, { name: plainText(user) });
    if (!context.flags.bool("detail")) return context.printer.answer(userAnswer(user, response));
    io.stdout(`User: ${user}\n`);
    for (const role of response.roles) {
      io.stdout("\n");
      const permissions = await context.call(AUTH_SERVICE.roleGet, { role });
      context.printer.answer(roleAnswer(byteText(role), permissions));
    }
  },
};
