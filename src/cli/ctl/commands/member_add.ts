import { UrlError } from "../../../base/endpoint_url.ts";
import { parseUrlList } from "../../../base/url_list.ts";
import { MemberAddResponse } from "../../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import { type ByteText, byteText, plainText, quoteBytes } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import { boolFlag, stringFlag } from "../flags/flag.ts";
import { memberAnswer } from "../output/cluster_answers.ts";

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
    const { flags, io, printer } = context;
    const name = nameOf(context.args);
    const peerUrls = flags.text("peer-urls");
    if (peerUrls === "") throw badArguments("member peer urls not provided");
    checkUrls(plainText(peerUrls));
    const isLearner = flags.bool("learner");
    const request = { peerUrls: plainText(peerUrls).split(","), isLearner };
    const response = await context.call(CLUSTER_SERVICE.memberAdd, request);
    const { id = 0n, isLearner: isAddedAsLearner = false } = response.member ?? {};
    const what = isAddedAsLearner ? "added as learner to" : "added to";
    printer.answer(memberAnswer(MemberAddResponse, response, id, what));
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

/** Refuses what a server would refuse, in better words. */
function checkUrls(peerUrls: string): void {
  try {
    parseUrlList(peerUrls);
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw new CtlError(EXIT_CODE.error, byteText(error.message));
  }
}

/** How the new member has to be started, for its environment. */
function settingsText(
  name: ByteText,
  peerUrls: ByteText,
  { member, members }: MemberAddResponse,
): ByteText {
  const cluster = members.flatMap(({ id, name: known, peerUrls }) =>
    peerUrls.map((url) => `${id === member?.id ? name : byteText(known)}=${byteText(url)}`)
  );
  return [
    "",
    `ETCD_NAME=${quoteBytes(name)}`,
    `ETCD_INITIAL_CLUSTER=${quoteBytes(cluster.join(","))}`,
    `ETCD_INITIAL_ADVERTISE_PEER_URLS=${quoteBytes(peerUrls)}`,
    'ETCD_INITIAL_CLUSTER_STATE="existing"',
    "",
  ].join("\n");
}
