import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { type ByteText, byteText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { badArguments } from "../exit_code.ts";
import { IntegerError, parseHexUint64 } from "../flags/go_integer.ts";
import { moveLeaderAnswer } from "../output/cluster_answers.ts";

/** Has the leader hand over to another member. */
export const MOVE_LEADER_COMMAND: Command = {
  name: "move-leader",
  synopsis: "<transferee-member-id>",
  short: "Transfers leadership to another etcd cluster member.",
  async run(context) {
    if (context.args.length !== 1) throw badArguments("move-leader command needs 1 argument");
    const targetId = targetOf(context.args[0]);
    const { endpoint, id } = await leaderOf(context);
    const response = await context.call(MAINTENANCE_SERVICE.moveLeader, { targetId }, endpoint);
    context.printer.answer(moveLeaderAnswer(id, targetId, response));
  },
};

function targetOf(text: ByteText): bigint {
  try {
    return parseHexUint64(text);
  } catch (error) {
    if (error instanceof IntegerError) throw badArguments(error.message);
    throw error;
  }
}

/** The one of the servers named that leads. */
async function leaderOf(context: CommandContext): Promise<{ endpoint: string; id: bigint }> {
  const endpoints = await context.endpoints();
  for (const endpoint of endpoints) {
    const { header, leader } = await context.call(MAINTENANCE_SERVICE.status, {}, endpoint);
    if (header?.memberId === leader) return { endpoint, id: leader };
  }
  throw badArguments(byteText(`no leader endpoint given at [${endpoints.join(" ")}]`));
}
