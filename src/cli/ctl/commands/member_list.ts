import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { CONSISTENCY_FLAG, isSerializable } from "../syntax/consistency.ts";

/** Lists the members of the cluster. */
export const MEMBER_LIST_COMMAND: Command = {
  name: "list",
  short: "Lists all members in the cluster",
  long: `When --write-out is set to simple, this command prints out comma-separated member lists ` +
    `for each endpoint.
The items in the lists are ID, Status, Name, Peer Addrs, Client Addrs, Is Learner.`,
  flags: [CONSISTENCY_FLAG],
  async run(context) {
    const linearizable = !isSerializable(context.flags);
    const response = await context.call(CLUSTER_SERVICE.memberList, { linearizable });
    context.printer.memberList(response);
  },
};
