import type { Command } from "../command.ts";
import { ROLE_ADD_COMMAND } from "./role_add.ts";
import { ROLE_DELETE_COMMAND } from "./role_delete.ts";
import { ROLE_GET_COMMAND } from "./role_get.ts";
import { ROLE_GRANT_PERMISSION_COMMAND } from "./role_grant_permission.ts";
import { ROLE_LIST_COMMAND } from "./role_list.ts";
import { ROLE_REVOKE_PERMISSION_COMMAND } from "./role_revoke_permission.ts";

/** What can be done with roles. */
export const ROLE_COMMAND: Command = {
  name: "role",
  short: "Role related commands",
  commands: [
    ROLE_ADD_COMMAND,
    ROLE_DELETE_COMMAND,
    ROLE_GET_COMMAND,
    ROLE_LIST_COMMAND,
    ROLE_GRANT_PERMISSION_COMMAND,
    ROLE_REVOKE_PERMISSION_COMMAND,
  ],
};
