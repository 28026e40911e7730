import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { byteText } from "../byte_text.ts";
import { endpointsOf } from "../cluster_endpoints.ts";
import type { Command } from "../command.ts";
import { errorText } from "../errors.ts";
import { CtlError, EXIT_CODE } from "../exit_code.ts";
import { int64Flag } from "../flags/flag.ts";
import type { EndpointHashKv } from "../output/printer.ts";

/** Tells whether servers have the same history. */
export const ENDPOINT_HASHKV_COMMAND: Command = {
  name: "hashkv",
  short: "Prints the KV history hash for each endpoint in --endpoints",
  flags: [int64Flag("rev", "maximum revision to hash (default: latest revision)")],
  async run(context) {
    const revision = context.flags.int64("rev");
    const list: EndpointHashKv[] = [];
    let failure: unknown;
    for (const endpoint of await endpointsOf(context)) {
      try {
        const hashKv = await context.call(MAINTENANCE_SERVICE.hashKv, { revision }, endpoint);
        list.push({ endpoint, hashKv });
      } catch (error) {
        if (error instanceof CtlError) throw error;
        failure = error;
        const why = errorText(error);
        context.io.stderr(byteText(`Failed to get the hash of endpoint ${endpoint} (${why})\n`));
      }
    }
    context.printer.endpointHashKv(list);
    if (failure !== undefined) throw new CtlError(EXIT_CODE.error, byteText(errorText(failure)));
  },
};
