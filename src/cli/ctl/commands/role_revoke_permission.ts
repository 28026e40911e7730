import { AuthRoleRevokePermissionResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { type ByteText, plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag } from "../flags/flag.ts";
import { doneAnswer } from "../output/answers.ts";
import { permissionRange } from "../syntax/permission_range.ts";

/** Takes keys from a role. */
export const ROLE_REVOKE_PERMISSION_COMMAND: Command = {
  name: "revoke-permission",
  synopsis: "<role name> <key> [endkey]",
  short: "Revokes a key from a role",
  flags: [
    boolFlag("prefix", "revoke a prefix permission"),
    boolFlag(
      "from-key",
      "revoke a permission of keys that are greater than or equal to the given key " +
        "using byte compare",
    ),
  ],
  async run(context) {
    if (context.args.length < 2) {
      throw badArguments(
        "role revoke-permission command requires role name and key [endkey] as its argument",
      );
    }
    const [role, ...keys] = context.args;
    const range = permissionRange(context.flags, keys);
    const request = { role: plainText(role), ...range };
    const response = await context.call(AUTH_SERVICE.roleRevokePermission, request);
    const line = `Permission of ${whatWasRevoked(keys[0], range.rangeEnd)} from role ${role}`;
    context.printer.answer(doneAnswer(AuthRoleRevokePermissionResponse, response, line));
  },
};

function whatWasRevoked(key: ByteText, end: ByteText): ByteText {
  if (end === "") return `key ${key} is revoked`;
  return `range [${key}, ${end === "\0" ? "<open ended>" : `${end})`} is revoked`;
}
