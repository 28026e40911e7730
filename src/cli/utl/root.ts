import { durationFlag } from "../ctl/flags/flag.ts";
import type { UtlCommand } from "./command.ts";
import { CHECK_COMMAND } from "./commands/check.ts";
import { DEFRAG_COMMAND } from "./commands/defrag.ts";
import { DUMP_COMMAND } from "./commands/dump.ts";
import { HASHKV_COMMAND } from "./commands/hashkv.ts";
import { SNAPSHOT_COMMAND } from "./commands/snapshot.ts";
import { VERSION_COMMAND } from "./commands/version.ts";

/** Shows the help of other commands; what it is asked for is handled before any command runs. */
export const HELP_COMMAND: UtlCommand = {
  name: "help",
  synopsis: "[command]",
  short: "Help about any command",
};

/** The whole command. */
export const ROOT_COMMAND: UtlCommand = {
  name: "detcd utl",
  short: "An administrative command line tool for etcd3.",
  sharedFlags: [
    {
      name: "write-out",
      shorthand: "w",
      kind: "string",
      default: "simple",
      usage: "set the output format (fields, json, simple, table)",
    },
    durationFlag(
      "timeout",
      "0s",
      "time to wait to obtain a file lock on db file, 0 to block indefinitely",
    ),
  ],
  commands: [
    DEFRAG_COMMAND,
    SNAPSHOT_COMMAND,
    HASHKV_COMMAND,
    CHECK_COMMAND,
    DUMP_COMMAND,
    VERSION_COMMAND,
    HELP_COMMAND,
  ],
};
