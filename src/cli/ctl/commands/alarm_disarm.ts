import { AlarmAction, type AlarmMember, AlarmResponse } from "../../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";

/** Puts out all alarms; whoever does so has seen to what they were about. */
export const ALARM_DISARM_COMMAND: Command = {
  name: "disarm",
  short: "Disarms all alarms",
  async run(context) {
    if (context.args.length > 0) throw badArguments("alarm disarm command accepts no arguments");
    const request = { action: AlarmAction.GET };
    const listed = await context.call(MAINTENANCE_SERVICE.alarm, request);
    const disarmed: AlarmMember[] = [];
    for (const { memberId, alarm } of listed.alarms) {
      const request = { action: AlarmAction.DEACTIVATE, memberId, alarm };
      const { alarms } = await context.call(MAINTENANCE_SERVICE.alarm, request);
      disarmed.push(...alarms);
    }
    // As in etcdctl, the header of none of these answers stands for all.
    context.printer.alarm(AlarmResponse.create({ alarms: disarmed }));
  },
};
