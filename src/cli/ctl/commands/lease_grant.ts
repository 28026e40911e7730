import { saturatedNumber } from "../../../base/saturated_number.ts";
import { LEASE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { explain } from "../errors.ts";
import { badArguments } from "../exit_code.ts";
import { IntegerError, parseInt64 } from "../flags/go_integer.ts";

/** Takes a lease. */
export const LEASE_GRANT_COMMAND: Command = {
  name: "grant",
  synopsis: "<ttl>",
  short: "Creates leases",
  async run(context) {
    if (context.args.length !== 1) throw badArguments("lease grant command needs TTL argument");
    const ttl = ttlOf(context.args[0]);
    const call = context.call(LEASE_SERVICE.leaseGrant, { ttl });
    const response = await explain("failed to grant lease", call);
    context.printer.leaseGrant(response);
  },
};

function ttlOf(text: string): number {
  try {
    return saturatedNumber(parseInt64(text, 10));
  } catch (error) {
    if (!(error instanceof IntegerError)) throw error;
    throw badArguments(`bad TTL (${error.message})`);
  }
}
