import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import {
  formatJson,
  type JsonObject,
  jsonUint64,
  type JsonValue,
  parseJson,
} from "../../base/json.ts";
import { ConfState } from "../../pb/raftpb.ts";

/** The value of `confState` in the bucket `meta`: what Go's JSON makes of raftpb.ConfState. */
export function encodeConfState(confState: ConfState): Uint8Array {
  const json: JsonObject = {};
  if (confState.voters.length > 0) json["voters"] = [...confState.voters];
  if (confState.learners.length > 0) json["learners"] = [...confState.learners];
  if (confState.votersOutgoing.length > 0) json["voters_outgoing"] = [...confState.votersOutgoing];
  if (confState.learnersNext.length > 0) json["learners_next"] = [...confState.learnersNext];
  json["auto_leave"] = confState.autoLeave;
  return bytesFromText(formatJson(json));
}

/** Reads such a value. Throws a SyntaxError when it is not one. */
export function decodeConfState(bytes: Uint8Array): ConfState {
  const json = parseJson(textFromBytes(bytes));
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw new SyntaxError("it is not a JSON object");
  }
  return ConfState.create({
    voters: ids(json["voters"]),
    learners: ids(json["learners"]),
    votersOutgoing: ids(json["voters_outgoing"]),
    learnersNext: ids(json["learners_next"]),
    autoLeave: json["auto_leave"] === true,
  });
}

/** Go writes an empty list as null where it writes one at all. */
function ids(value: JsonValue | undefined): bigint[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new SyntaxError("a role has no list of members");
  return value.map((item) => {
    const id = jsonUint64(item);
    if (id === undefined || id < 0n) throw new SyntaxError("a member is not a number");
    return id;
  });
}
