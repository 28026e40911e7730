import { AuthUserAddResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { type ByteText, plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { splitUser } from "../connection/credentials.ts";
import { askNewPassword, readPassword } from "../connection/password.ts";
import type { CommandContext } from "../context.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag, onFlag, stringFlag } from "../flags/flag.ts";
import { doneAnswer } from "../output/answers.ts";

export const USER_ADD_COMMAND: Command = {
  name: "add",
  synopsis: "<user name or user:password> [options]",
  short: "Adds a new user",
  flags: [
    onFlag("interactive", "Read password from stdin instead of interactive terminal"),
    stringFlag("new-user-password", "", "Supply password from the command line flag"),
    boolFlag("no-password", "Create a user without password (CN based auth only)"),
  ],
  async run(context) {
    if (context.args.length !== 1) {
      throw badArguments("user add command requires user name as its argument");
    }
    const { user, password } = await newUser(context);
    const response = await context.call(AUTH_SERVICE.userAdd, {
      name: plainText(user),
      password: plainText(password),
      options: { noPassword: context.flags.bool("no-password") },
    });
    context.printer.answer(doneAnswer(AuthUserAddResponse, response, `User ${user} created`));
  },
};

/** The user's name and password, as arguments, flags and whoever is asked tell them. */
async function newUser(
  { args: [named], flags, io }: CommandContext,
): Promise<{ user: ByteText; password: ByteText }> {
  if (flags.bool("no-password")) return { user: named, password: "" };
  const given = flags.text("new-user-password");
  if (given !== "") return { user: named, password: given };
  const [user, told] = splitUser(named);
  if (told === undefined) {
    const isAsked = flags.bool("interactive");
    return { user, password: isAsked ? await askNewPassword(io, user) : await readPassword(io) };
  }
  if (user === "") throw badArguments("empty user name is not allowed");
  return { user, password: told };
}
