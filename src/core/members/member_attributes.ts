import {
  formatJson,
  type JsonObject,
  jsonStrings,
  type JsonValue,
  parseJson,
} from "../../base/json.ts";

/** What a member publishes of itself. */
export interface MemberAttributes {
  readonly name: string;
  readonly clientUrls: readonly string[];
}

/** What must be known of a member before it can be reached. */
interface RaftAttributes {
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

/** The JSON of a member's key `attributes` in etcd's v2 store. */
export function formatAttributes({ name, clientUrls }: MemberAttributes): string {
  const json: JsonObject = {};
  if (name !== "") json["name"] = name;
  if (clientUrls.length > 0) json["clientURLs"] = [...clientUrls];
  return formatJson(json);
}

/** Reads such a JSON. Throws a SyntaxError when it is not one. */
export function parseAttributes(text: string): MemberAttributes {
  const json = parseObject(text);
  return { name: textOf(json["name"]), clientUrls: jsonStrings(json["clientURLs"]) };
}

/** The JSON of a member's key `raftAttributes`. */
export function formatRaftAttributes({ peerUrls, isLearner }: RaftAttributes): string {
  const json: JsonObject = { peerURLs: [...peerUrls] };
  if (isLearner) json["isLearner"] = true;
  return formatJson(json);
}

/** Reads such a JSON. Throws a SyntaxError when it is not one. */
export function parseRaftAttributes(text: string): RaftAttributes {
  const json = parseObject(text);
  return { peerUrls: jsonStrings(json["peerURLs"]), isLearner: json["isLearner"] === true };
}

function parseObject(text: string): JsonObject {
  const json = parseJson(text);
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw new SyntaxError("a member's attributes are not a JSON object");
  }
  return json;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
