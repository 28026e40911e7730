import { LEASE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { blameConnection } from "../errors.ts";

/** Lists all leases. */
export const LEASE_LIST_COMMAND: Command = {
  name: "list",
  short: "List all active leases",
  async run(context) {
    const response = await blameConnection(context.call(LEASE_SERVICE.leaseLeases, {}));
    context.printer.leaseList(response);
  },
};
