import { PermissionType } from "../../../pb/authpb.ts";
import { AuthRoleGrantPermissionResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { type ByteText, plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag } from "../flags/flag.ts";
import { doneAnswer } from "../output/answers.ts";
import { permissionRange } from "../syntax/permission_range.ts";

/** Lets a role use keys. */
export const ROLE_GRANT_PERMISSION_COMMAND: Command = {
  name: "grant-permission",
  synopsis: "[options] <role name> <permission type> <key> [endkey]",
  short: "Grants a key to a role",
  flags: [
    boolFlag("prefix", "grant a prefix permission"),
    boolFlag(
      "from-key",
      "grant a permission of keys that are greater than or equal to the given key " +
        "using byte compare",
    ),
  ],
  async run(context) {
    if (context.args.length < 3) {
      throw badArguments(
        "role grant command requires role name, permission type, and key [endkey] " +
          "as its argument",
      );
    }
    const [role, type, ...keys] = context.args;
    const perm = { permType: typeOf(type), ...permissionRange(context.flags, keys) };
    const request = { name: plainText(role), perm };
    const response = await context.call(AUTH_SERVICE.roleGrantPermission, request);
    const line = `Role ${role} updated`;
    context.printer.answer(doneAnswer(AuthRoleGrantPermissionResponse, response, line));
  },
};

const TYPES: ReadonlyMap<string, number> = new Map(Object.entries(PermissionType));

function typeOf(name: ByteText): number {
  const type = TYPES.get(name.toUpperCase());
  if (type === undefined) throw badArguments(`invalid permission type: ${name}`);
  return type;
}
