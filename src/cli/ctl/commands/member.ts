import type { Command } from "../command.ts";
import { MEMBER_ADD_COMMAND } from "./member_add.ts";
import { MEMBER_LIST_COMMAND } from "./member_list.ts";
import { MEMBER_PROMOTE_COMMAND } from "./member_promote.ts";
import { MEMBER_REMOVE_COMMAND } from "./member_remove.ts";
import { MEMBER_UPDATE_COMMAND } from "./member_update.ts";

/** What can be done with members. */
export const MEMBER_COMMAND: Command = {
  name: "member",
  short: "Membership related commands",
  commands: [
    MEMBER_ADD_COMMAND,
    MEMBER_REMOVE_COMMAND,
    MEMBER_UPDATE_COMMAND,
    MEMBER_LIST_COMMAND,
    MEMBER_PROMOTE_COMMAND,
  ],
};
