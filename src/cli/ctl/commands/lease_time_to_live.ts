import { LEASE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { blameConnection } from "../errors.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag } from "../flags/flag.ts";
import { parseLeaseId } from "../syntax/lease_id.ts";

/** Tells how long a lease has to live. */
export const LEASE_TIME_TO_LIVE_COMMAND: Command = {
  name: "timetolive",
  synopsis: "<leaseID> [options]",
  short: "Get lease information",
  flags: [boolFlag("keys", "Get keys attached to this lease")],
  async run(context) {
    if (context.args.length !== 1) {
      throw badArguments("lease timetolive command needs lease ID as argument");
    }
    const id = parseLeaseId(context.args[0]);
    const keys = context.flags.bool("keys");
    const call = context.call(LEASE_SERVICE.leaseTimeToLive, { id, keys });
    const response = await blameConnection(call);
    context.printer.leaseTimeToLive(response, keys);
  },
};
