import type { UtlCommand } from "../command.ts";
import { HASHKV_COMMAND } from "./hashkv.ts";
import { SNAPSHOT_RESTORE_COMMAND } from "./snapshot_restore.ts";
import { SNAPSHOT_STATUS_COMMAND } from "./snapshot_status.ts";

/** What can be done with backups. */
export const SNAPSHOT_COMMAND: UtlCommand = {
  name: "snapshot",
  short: "Manages etcd node snapshots",
  commands: [SNAPSHOT_RESTORE_COMMAND, SNAPSHOT_STATUS_COMMAND, HASHKV_COMMAND],
};
