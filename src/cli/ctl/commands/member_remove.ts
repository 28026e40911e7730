import { MemberRemoveResponse } from "../../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { memberAnswer } from "../output/cluster_answers.ts";
import { parseMemberId } from "../syntax/member_id.ts";

/** Has a member leave the cluster for good. */
export const MEMBER_REMOVE_COMMAND: Command = {
  name: "remove",
  synopsis: "<memberID>",
  short: "Removes a member from the cluster",
  async run(context) {
    const id = parseMemberId(context.args);
    const response = await context.call(CLUSTER_SERVICE.memberRemove, { id });
    context.printer.answer(memberAnswer(MemberRemoveResponse, response, id, "removed from"));
  },
};
