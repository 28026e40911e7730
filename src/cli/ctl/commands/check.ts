import type { Command } from "../command.ts";
import { CHECK_DATASCALE_COMMAND } from "./check_datascale.ts";
import { CHECK_PERF_COMMAND } from "./check_perf.ts";

/** What can be found out about a cluster by working it. */
export const CHECK_COMMAND: Command = {
  name: "check",
  short: "commands for checking properties of the etcd cluster",
  commands: [CHECK_PERF_COMMAND, CHECK_DATASCALE_COMMAND],
};
