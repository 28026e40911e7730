import type { Command } from "../command.ts";
import { LEASE_GRANT_COMMAND } from "./lease_grant.ts";
import { LEASE_KEEP_ALIVE_COMMAND } from "./lease_keep_alive.ts";
import { LEASE_LIST_COMMAND } from "./lease_list.ts";
import { LEASE_REVOKE_COMMAND } from "./lease_revoke.ts";
import { LEASE_TIME_TO_LIVE_COMMAND } from "./lease_time_to_live.ts";

/** What can be done with leases. */
export const LEASE_COMMAND: Command = {
  name: "lease",
  short: "Lease related commands",
  commands: [
    LEASE_GRANT_COMMAND,
    LEASE_KEEP_ALIVE_COMMAND,
    LEASE_LIST_COMMAND,
    LEASE_REVOKE_COMMAND,
    LEASE_TIME_TO_LIVE_COMMAND,
  ],
};
