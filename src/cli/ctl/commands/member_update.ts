import { MemberUpdateResponse } from "../../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { stringFlag } from "../flags/flag.ts";
import { memberAnswer } from "../output/cluster_answers.ts";
import { parseMemberId } from "../syntax/member_id.ts";

/** Tells a cluster where a member is reached from now on. */
export const MEMBER_UPDATE_COMMAND: Command = {
  name: "update",
  synopsis: "<memberID> [options]",
  short: "Updates a member in the cluster",
  flags: [stringFlag("peer-urls", "", "comma separated peer URLs for the updated member.")],
  async run(context) {
    const id = parseMemberId(context.args);
    const peerUrls = plainText(context.flags.text("peer-urls"));
    if (peerUrls === "") throw badArguments("member peer urls not provided");
    const request = { id, peerUrls: peerUrls.split(",") };
    const response = await context.call(CLUSTER_SERVICE.memberUpdate, request);
    context.printer.answer(memberAnswer(MemberUpdateResponse, response, id, "updated in"));
  },
};
