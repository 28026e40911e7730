import type { Command } from "./command.ts";
import { ALARM_COMMAND } from "./commands/alarm.ts";
import { COMPACTION_COMMAND } from "./commands/compaction.ts";
import { DEFRAG_COMMAND } from "./commands/defrag.ts";
import { DEL_COMMAND } from "./commands/del.ts";
import { ENDPOINT_COMMAND } from "./commands/endpoint.ts";
import { GET_COMMAND } from "./commands/get.ts";
import { LEASE_COMMAND } from "./commands/lease.ts";
import { MEMBER_COMMAND } from "./commands/member.ts";
import { PUT_COMMAND } from "./commands/put.ts";
import { SNAPSHOT_COMMAND } from "./commands/snapshot.ts";
import { TXN_COMMAND } from "./commands/txn.ts";
import { VERSION_COMMAND } from "./commands/version.ts";
import { WATCH_COMMAND } from "./commands/watch.ts";
import { GLOBAL_FLAGS } from "./flags/global_flags.ts";

/** Shows the help of other commands; what it is asked for is handled before any command runs. */
export const HELP_COMMAND: Command = {
  name: "help",
  synopsis: "[command]",
  short: "Help about any command",
};

/** The whole command. */
export const ROOT_COMMAND: Command = {
  name: "detcd ctl",
  short: "A simple command line client for etcd3.",
  sharedFlags: GLOBAL_FLAGS,
  commands: [
    GET_COMMAND,
    PUT_COMMAND,
    DEL_COMMAND,
    TXN_COMMAND,
    COMPACTION_COMMAND,
    ALARM_COMMAND,
    DEFRAG_COMMAND,
    LEASE_COMMAND,
    WATCH_COMMAND,
    VERSION_COMMAND,
    MEMBER_COMMAND,
    ENDPOINT_COMMAND,
    SNAPSHOT_COMMAND,
    HELP_COMMAND,
  ],
};
