import type { Command } from "../command.ts";
import { ALARM_DISARM_COMMAND } from "./alarm_disarm.ts";
import { ALARM_LIST_COMMAND } from "./alarm_list.ts";

/** What can be done about alarms. */
export const ALARM_COMMAND: Command = {
  name: "alarm",
  short: "Alarm related commands",
  commands: [ALARM_DISARM_COMMAND, ALARM_LIST_COMMAND],
};
