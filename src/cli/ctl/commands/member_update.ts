import { MemberUpdateResponse } from "../../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { stringFlag } from "../flags/flag.ts";
import { memberAnswer } from "../output/cluster_answers.ts";
import { parseMemberId } from "../syntax/member_id.ts";
import { peerUrlsOf } from "../syntax/peer_urls.ts";

/** Tells a cluster where a member is reached from now on. */
export const MEMBER_UPDATE_COMMAND: Command = {
  name: "update",
  synopsis: "<memberID> [options]",
  short: "Updates a member in the cluster",
  flags: [stringFlag("peer-urls", "", "comma separated peer URLs for the updated member.")],
  async run(context) {
    const id = parseMemberId(context.args);
    const request = { id, peerUrls: peerUrlsOf(context.flags) };
    const response = await context.call(CLUSTER_SERVICE.memberUpdate, request);
    context.printer.answer(memberAnswer(MemberUpdateResponse, response, id, "updated in"));
  },
};
