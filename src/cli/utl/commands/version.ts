import { API_VERSION, CTL_VERSION, PROGRAM_VERSION } from "../../ctl/version.ts";
import type { UtlCommand } from "../command.ts";

/** Prints versions: the first two lines are what scripts read of etcdutl. */
export const VERSION_COMMAND: UtlCommand = {
  name: "version",
  short: "Prints the version of etcdutl",
  work(context) {
    context.print(`etcdutl version: ${CTL_VERSION}`);
    context.print(`API version: ${API_VERSION}`);
    context.print(`detcd version: ${PROGRAM_VERSION}`);
    return Promise.resolve();
  },
};
