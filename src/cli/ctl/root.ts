import type { Command, CommandGroup } from "./command.ts";
import { ALARM_COMMAND } from "./commands/alarm.ts";
import { AUTH_COMMAND } from "./commands/auth.ts";
import { CHECK_COMMAND } from "./commands/check.ts";
import { COMPACTION_COMMAND } from "./commands/compaction.ts";
import { COMPLETION_COMMAND } from "./commands/completion.ts";
import { DEFRAG_COMMAND } from "./commands/defrag.ts";
import { DEL_COMMAND } from "./commands/del.ts";
import { DOWNGRADE_COMMAND } from "./commands/downgrade.ts";
import { ELECT_COMMAND } from "./commands/elect.ts";
import { ENDPOINT_COMMAND } from "./commands/endpoint.ts";
import { GET_COMMAND } from "./commands/get.ts";
import { LEASE_COMMAND } from "./commands/lease.ts";
import { LOCK_COMMAND } from "./commands/lock.ts";
import { MAKE_MIRROR_COMMAND } from "./commands/make_mirror.ts";
import { MEMBER_COMMAND } from "./commands/member.ts";
import { MOVE_LEADER_COMMAND } from "./commands/move_leader.ts";
import { OPTIONS_COMMAND } from "./commands/options.ts";
import { PUT_COMMAND } from "./commands/put.ts";
import { ROLE_COMMAND } from "./commands/role.ts";
import { SNAPSHOT_COMMAND } from "./commands/snapshot.ts";
import { TXN_COMMAND } from "./commands/txn.ts";
import { USER_COMMAND } from "./commands/user.ts";
import { VERSION_COMMAND } from "./commands/version.ts";
import { WATCH_COMMAND } from "./commands/watch.ts";
import { GLOBAL_FLAGS } from "./flags/global_flags.ts";

/** Shows the help of other commands; what it is asked for is handled before any command runs. */
export const HELP_COMMAND: Command = {
  name: "help",
  synopsis: "[command]",
  short: "Help about any command",
};

const GROUPS: readonly CommandGroup[] = [
  {
    title: "Key-value commands",
    commands: [
      GET_COMMAND,
      PUT_COMMAND,
      DEL_COMMAND,
      TXN_COMMAND,
      COMPACTION_COMMAND,
      WATCH_COMMAND,
      LEASE_COMMAND,
    ],
  },
  {
    title: "Cluster maintenance commands",
    commands: [
      ALARM_COMMAND,
      DEFRAG_COMMAND,
      DOWNGRADE_COMMAND,
      ENDPOINT_COMMAND,
      MEMBER_COMMAND,
      MOVE_LEADER_COMMAND,
      SNAPSHOT_COMMAND,
    ],
  },
  { title: "Concurrency commands", commands: [ELECT_COMMAND, LOCK_COMMAND] },
  { title: "Authentication commands", commands: [AUTH_COMMAND, ROLE_COMMAND, USER_COMMAND] },
  {
    title: "Utility commands",
    commands: [
      CHECK_COMMAND,
      COMPLETION_COMMAND,
      HELP_COMMAND,
      MAKE_MIRROR_COMMAND,
      OPTIONS_COMMAND,
      VERSION_COMMAND,
    ],
  },
];

/** The whole command. */
export const ROOT_COMMAND: Command = {
  name: "detcd ctl",
  short: "A simple command line client for etcd3.",
  sharedFlags: GLOBAL_FLAGS,
  hidesFlags: true,
  commands: GROUPS.flatMap(({ commands }) => commands),
  groups: GROUPS,
};
