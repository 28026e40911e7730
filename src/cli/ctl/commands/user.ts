import type { Command } from "../command.ts";
import { USER_ADD_COMMAND } from "./user_add.ts";
import { USER_DELETE_COMMAND } from "./user_delete.ts";
import { USER_GET_COMMAND } from "./user_get.ts";
import { USER_GRANT_ROLE_COMMAND } from "./user_grant_role.ts";
import { USER_LIST_COMMAND } from "./user_list.ts";
import { USER_PASSWD_COMMAND } from "./user_passwd.ts";
import { USER_REVOKE_ROLE_COMMAND } from "./user_revoke_role.ts";

/** What can be done with users. */
export const USER_COMMAND: Command = {
  name: "user",
  short: "User related commands",
  commands: [
    USER_ADD_COMMAND,
    USER_DELETE_COMMAND,
    USER_GET_COMMAND,
    USER_LIST_COMMAND,
    USER_PASSWD_COMMAND,
    USER_GRANT_ROLE_COMMAND,
    USER_REVOKE_ROLE_COMMAND,
  ],
};
