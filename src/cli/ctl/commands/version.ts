import type { Command } from "../command.ts";
import { API_VERSION, CTL_VERSION, PROGRAM_VERSION } from "../version.ts";

/** Prints versions: the first two lines are what scripts read of etcdctl. */
export const VERSION_COMMAND: Command = {
  name: "version",
  short: "Prints the version of etcdctl",
  run({ io }) {
    io.stdout(`etcdctl version: ${CTL_VERSION}\n`);
    io.stdout(`API version: ${API_VERSION}\n`);
    io.stdout(`detcd version: ${PROGRAM_VERSION}\n`);
    return Promise.resolve();
  },
};
