import type { Command } from "../command.ts";
import { SNAPSHOT_RESTORE_COMMAND } from "./snapshot_restore.ts";
import { SNAPSHOT_SAVE_COMMAND } from "./snapshot_save.ts";
import { SNAPSHOT_STATUS_COMMAND } from "./snapshot_status.ts";

/** What can be done with backups. */
export const SNAPSHOT_COMMAND: Command = {
  name: "snapshot",
  short: "Manages etcd node snapshots",
  commands: [SNAPSHOT_SAVE_COMMAND, SNAPSHOT_STATUS_COMMAND, SNAPSHOT_RESTORE_COMMAND],
};
