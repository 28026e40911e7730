import { LEASE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { explain } from "../errors.ts";
import { badArguments } from "../exit_code.ts";
import { parseLeaseId } from "../syntax/lease_id.ts";

/** Ends a lease and with it all keys on it. */
export const LEASE_REVOKE_COMMAND: Command = {
  name: "revoke",
  synopsis: "<leaseID>",
  short: "Revokes leases",
  async run(context) {
    if (context.args.length !== 1) throw badArguments("lease revoke command needs 1 argument");
    const id = parseLeaseId(context.args[0]);
    const call = context.call(LEASE_SERVICE.leaseRevoke, { id });
    const response = await explain("failed to revoke lease", call);
    context.printer.leaseRevoke(id, response);
  },
};
