import type { Command } from "../command.ts";
import { boolFlag } from "../flags/flag.ts";
import { ENDPOINT_HASHKV_COMMAND } from "./endpoint_hashkv.ts";
import { ENDPOINT_HEALTH_COMMAND } from "./endpoint_health.ts";
import { ENDPOINT_STATUS_COMMAND } from "./endpoint_status.ts";

/** What can be asked of single servers. */
export const ENDPOINT_COMMAND: Command = {
  name: "endpoint",
  short: "Endpoint related commands",
  sharedFlags: [boolFlag("cluster", "use all endpoints from the cluster member list")],
  commands: [ENDPOINT_HASHKV_COMMAND, ENDPOINT_HEALTH_COMMAND, ENDPOINT_STATUS_COMMAND],
};
