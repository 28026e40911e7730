import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import {
  formatJson,
  type JsonObject,
  jsonStrings,
  jsonUint64,
  parseJson,
} from "../../base/json.ts";

/** A member of the cluster. Name and client URLs are unknown until the member has published them. */
export interface Member {
  readonly id: bigint;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
  readonly name: string;
  readonly clientUrls: readonly string[];
}

/** The JSON that etcd puts into a membership change's context, field for field. */
export function encodeMember(member: Member): Uint8Array {
  const json: JsonObject = { id: member.id, peerURLs: [...member.peerUrls] };
  if (member.isLearner) json["isLearner"] = true;
  if (member.name !== "") json["name"] = member.name;
  if (member.clientUrls.length > 0) json["clientURLs"] = [...member.clientUrls];
  return bytesFromText(formatJson(json));
}

/** Reads such a JSON. Throws a SyntaxError when it is not one. */
export function decodeMember(bytes: Uint8Array): Member {
  const json = parseJson(textFromBytes(bytes));
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw new SyntaxError("Cannot read a member: its JSON is not an object");
  }
  const id = jsonUint64(json["id"]);
  if (id === undefined) throw new SyntaxError("Cannot read a member: its JSON has no id");
  return {
    id,
    peerUrls: jsonStrings(json["peerURLs"]),
    isLearner: json["isLearner"] === true,
    name: typeof json["name"] === "string" ? json["name"] : "",
    clientUrls: jsonStrings(json["clientURLs"]),
  };
}
