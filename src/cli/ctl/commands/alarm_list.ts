import { AlarmAction } from "../../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";

/** Lists what is wrong with members. */
export const ALARM_LIST_COMMAND: Command = {
  name: "list",
  short: "Lists all alarms",
  async run(context) {
    if (context.args.length > 0) throw badArguments("alarm list command accepts no arguments");
    const request = { action: AlarmAction.GET };
    context.printer.alarm(await context.call(MAINTENANCE_SERVICE.alarm, request));
  },
};
