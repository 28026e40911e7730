import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { byteText } from "../byte_text.ts";
import { endpointsOf } from "../cluster_endpoints.ts";
import type { Command } from "../command.ts";
import { errorText } from "../errors.ts";
import { CtlError, EXIT_CODE, SilentExit } from "../exit_code.ts";
import type { EndpointStatus } from "../output/printer.ts";

/** Tells what servers say of themselves. */
export const ENDPOINT_STATUS_COMMAND: Command = {
  name: "status",
  short: "Prints out the status of endpoints specified in `--endpoints` flag",
  long: `When --write-out is set to simple, this command prints out comma-separated status lists ` +
    `for each endpoint.
The items in the lists are endpoint, ID, version, db size, is leader, is learner, raft term, ` +
    `raft index, raft applied index, errors.`,
  async run(context) {
    const list: EndpointStatus[] = [];
    let hasFailed = false;
    for (const endpoint of await endpointsOf(context)) {
      try {
        const status = await context.call(MAINTENANCE_SERVICE.status, {}, endpoint);
        list.push({ endpoint, status });
      } catch (error) {
        if (error instanceof CtlError) throw error;
        hasFailed = true;
        const why = errorText(error);
        context.io.stderr(
          byteText(`Failed to get the status of endpoint ${endpoint} (${why})\n`),
        );
      }
    }
    context.printer.endpointStatus(list);
    if (hasFailed) throw new SilentExit(EXIT_CODE.error);
  },
};
