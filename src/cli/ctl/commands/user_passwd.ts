import { AuthUserChangePasswordResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { askNewPassword, readPassword } from "../connection/password.ts";
import { badArguments } from "../exit_code.ts";
import { onFlag } from "../flags/flag.ts";
import { doneAnswer } from "../output/answers.ts";

/** Gives a user another password. */
export const USER_PASSWD_COMMAND: Command = {
  name: "passwd",
  synopsis: "<user name> [options]",
  short: "Changes password of user",
  flags: [
    onFlag("interactive", "If true, read password from stdin instead of interactive terminal"),
  ],
  async run(context) {
    const { args, flags, io } = context;
    const [user] = args;
    if (args.length !== 1) {
      throw badArguments("user passwd command requires user name as its argument");
    }
    const isAsked = flags.bool("interactive");
    const password = isAsked ? await askNewPassword(io, user) : await readPassword(io);
    const response = await context.call(AUTH_SERVICE.userChangePassword, {
      name: plainText(user),
      password: plainText(password),
    });
    const line = "Password updated";
    context.printer.answer(doneAnswer(AuthUserChangePasswordResponse, response, line));
  },
};
