import { MemberAddResponse } from "../../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import { type ByteText, byteText, quoteBytes } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag, stringFlag } from "../flags/flag.ts";
import { memberAnswer } from "../output/cluster_answers.ts";
import { peerUrlsOf } from "../syntax/peer_urls.ts";

/** Tells a cluster of a member that is to join it. */
export const MEMBER_ADD_COMMAND: Command = {
  name: "add",
  synopsis: "<memberName> [options]",
  short: "Adds a member into the cluster",
  flags: [
    stringFlag("peer-urls", "", "comma separated peer URLs for the new member."),
    boolFlag("learner", "indicates if the new member is raft learner"),
  ],
  async run(context) {
    const { flags, io } = context;
    const name = nameOf(context.args);
    const peerUrls = peerUrlsOf(flags);
    const request = { peerUrls, isLearner: flags.bool("learner") };
    const response = await context.call(CLUSTER_SERVICE.memberAdd, request);
    const { id = 0n, isLearner = false } = response.member ?? {};
    const what = isLearner ? "added as learner to" : "added to";
    context.printer.answer(memberAnswer(MemberAddResponse, response, id, what));
    if (flags.text("write-out") === "simple") io.stdout(settingsText(name, peerUrls, response));
  },
};

function nameOf(args: readonly ByteText[]): ByteText {
  if (args.length === 0) throw badArguments("member name not provided");
  if (args.length === 1) return args[0];
  const hints = args.filter((arg) => arg.toLowerCase().startsWith("http"))
    .map((url) => `, did you mean --peer-urls=${url}`);
  throw badArguments(`too many arguments${hints.join("")}`);
}

/** How the new member has to be started, for its environment. */
function settingsText(
  name: ByteText,
  peerUrls: readonly string[],
  { member, members }: MemberAddResponse,
): ByteText {
  const cluster = members.flatMap(({ id, name: known, peerUrls }) =>
    peerUrls.map((url) => `${id === member?.id ? name : byteText(known)}=${byteText(url)}`)
  );
  return [
    "",
    `ETCD_NAME=${quoteBytes(name)}`,
    `ETCD_INITIAL_CLUSTER=${quoteBytes(cluster.join(","))}`,
    `ETCD_INITIAL_ADVERTISE_PEER_URLS=${quoteBytes(byteText(peerUrls.join(",")))}`,
    'ETCD_INITIAL_CLUSTER_STATE="existing"',
    "",
  ].join("\n");
}
