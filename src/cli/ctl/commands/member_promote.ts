import { MemberPromoteResponse } from "../../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { memberAnswer } from "../output/cluster_answers.ts";
import { parseMemberId } from "../syntax/member_id.ts";

/** Gives a learner a vote. */
export const MEMBER_PROMOTE_COMMAND: Command = {
  name: "promote",
  synopsis: "<memberID>",
  short: "Promotes a non-voting member in the cluster",
  long: "Promotes a non-voting learner member to a voting one in the cluster.",
  async run(context) {
    const id = parseMemberId(context.args);
    const response = await context.call(CLUSTER_SERVICE.memberPromote, { id });
    context.printer.answer(memberAnswer(MemberPromoteResponse, response, id, "promoted in"));
  },
};
