import type { Command } from "../command.ts";
import { MEMBER_LIST_COMMAND } from "./member_list.ts";

/** What can be done with members. */
export const MEMBER_COMMAND: Command = {
  name: "member",
  short: "Membership related commands",
  commands: [MEMBER_LIST_COMMAND],
};
