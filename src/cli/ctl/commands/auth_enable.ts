import { ETCD_ERRORS } from "../../../core/errors.ts";
import { ClientError } from "../../../embed/client/client_error.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { badArguments } from "../exit_code.ts";

const ROOT = "root";

/** Has the server ask who calls, after giving the user root the role that he must have. */
export const AUTH_ENABLE_COMMAND: Command = {
  name: "enable",
  short: "Enables authentication",
  async run(context) {
    if (context.args.length > 0) {
      throw badArguments("auth enable command does not accept any arguments");
    }
    if (!await isEnabled(context)) {
      await context.call(AUTH_SERVICE.roleAdd, { name: ROOT });
      await context.call(AUTH_SERVICE.userGrantRole, { user: ROOT, role: ROOT });
      await context.call(AUTH_SERVICE.authEnable, {});
    }
    context.io.stdout("Authentication Enabled\n");
  },
};

/** Enables authentication; false if root has not the role for it. */
async function isEnabled(context: CommandContext): Promise<boolean> {
  try {
    await context.call(AUTH_SERVICE.authEnable, {});
    return true;
  } catch (error) {
    const { message } = ETCD_ERRORS.rootRoleNotExist;
    if (error instanceof ClientError && error.message === message) return false;
    throw error;
  }
}
