import { LEASE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";

/** Lists all leases. */
export const LEASE_LIST_COMMAND: Command = {
  name: "list",
  short: "List all active leases",
  async run(context) {
    context.printer.leaseList(await context.call(LEASE_SERVICE.leaseLeases, {}));
  },
};
