import type { MessageCodec } from "../../../pb/codec.ts";
import { DowngradeResponse, type Member, MoveLeaderResponse } from "../../../pb/etcdserverpb.ts";
import { type ByteText, byteText, hexId } from "../byte_text.ts";
import { answerOf, type WithHeader } from "./answers.ts";
import { membersHexJson, membersJson } from "./json_forms.ts";
import type { Answer } from "./printer.ts";

/** IDs of members stand to the right of a column as wide as they can be. */
const ID_WIDTH = 16;

/** The answer to a change of the members. */
interface MembersMessage extends WithHeader {
  readonly member?: Member | undefined;
  readonly members: readonly Member[];
}

/** What became of a member; `what` says it, such as "removed from". */
export function memberAnswer<T extends MembersMessage>(
  codec: MessageCodec<T>,
  message: T,
  id: bigint,
  what: string,
): Answer<T> {
  const clusterId = message.header?.clusterId ?? 0n;
  const line = `Member ${paddedId(id)} ${what} cluster ${paddedId(clusterId)}`;
  return {
    ...answerOf(codec, message, [line], {}),
    json: membersJson(message),
    hexJson: membersHexJson(message),
  };
}

function paddedId(id: bigint): ByteText {
  return hexId(id).padStart(ID_WIDTH);
}

/** Who leads now, and who did before. */
export function moveLeaderAnswer(
  from: bigint,
  to: bigint,
  message: MoveLeaderResponse,
): Answer<MoveLeaderResponse> {
  const line = `Leadership transferred from ${hexId(from)} to ${hexId(to)}`;
  return answerOf(MoveLeaderResponse, message, [line], {});
}

/** That a step of a downgrade was taken; `step` is its name. */
export function downgradeAnswer(
  step: string,
  message: DowngradeResponse,
): Answer<DowngradeResponse> {
  const { version } = message;
  const line = byteText(`Downgrade ${step} success, cluster version ${version}`);
  return answerOf(DowngradeResponse, message, [line], { version });
}
