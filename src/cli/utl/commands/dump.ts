import type { UtlCommand } from "../command.ts";
import { DUMP_DB_COMMAND } from "./dump_db.ts";
import { DUMP_WAL_COMMAND } from "./dump_wal.ts";

/** Shows what is in the files of a member. */
export const DUMP_COMMAND: UtlCommand = {
  name: "dump",
  short: "Shows what is in the files of a member",
  commands: [DUMP_DB_COMMAND, DUMP_WAL_COMMAND],
};
