import { CLUSTER_SERVICE } from "../../pb/services.ts";
import { byteText } from "./byte_text.ts";
import type { CommandContext } from "./context.ts";
import { errorText } from "./errors.ts";
import { CtlError, EXIT_CODE } from "./exit_code.ts";

/** The servers that were named, or with `--cluster` all that the members announce. */
export async function endpointsOf(context: CommandContext): Promise<string[]> {
  if (!context.flags.bool("cluster")) return await context.endpoints();
  try {
    const { members } = await context.call(CLUSTER_SERVICE.memberList, { linearizable: true });
    return members.flatMap(({ clientUrls }) => clientUrls);
  } catch (error) {
    if (error instanceof CtlError) throw error;
    const why = byteText(errorText(error));
    const message = `failed to fetch endpoints from etcd cluster member list: ${why}`;
    throw new CtlError(EXIT_CODE.error, message, { cause: error });
  }
}
