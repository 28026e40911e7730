import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";

/** Lists the members of the cluster. */
export const MEMBER_LIST_COMMAND: Command = {
  name: "list",
  short: "Lists all members in the cluster",
  long: `When --write-out is set to simple, this command prints out comma-separated member lists ` +
    `for each endpoint.
The items in the lists are ID, Status, Name, Peer Addrs, Client Addrs, Is Learner.`,
  async run(context) {
    const response = await context.call(CLUSTER_SERVICE.memberList, { linearizable: true });
    context.printer.memberList(response);
  },
};
