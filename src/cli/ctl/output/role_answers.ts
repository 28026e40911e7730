import { bytesFromLatin1 } from "../../../base/bytes.ts";
import { latin1PrefixEnd } from "../../../embed/client/kv/keys.ts";
import { type Permission, PermissionType } from "../../../pb/authpb.ts";
import { AuthRoleGetResponse, AuthRoleListResponse } from "../../../pb/etcdserverpb.ts";
import { type ByteText, byteText, quoteBytes } from "../byte_text.ts";
import { answerOf } from "./answers.ts";
import { base64, present } from "./json_forms.ts";
import type { Answer } from "./printer.ts";

/** The role that may do everything, whatever was granted to it. */
const ROOT_ROLE = "root";

/** The end of a range that has none. */
const OPEN_END = "\0";

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PermissionType).map(([name, type]) => [type, name]),
);

/** What a role may do. */
export function roleAnswer(
  role: ByteText,
  message: AuthRoleGetResponse,
): Answer<AuthRoleGetResponse> {
  const perm = message.perm.map(({ permType, key, rangeEnd }) =>
    present({
      permType,
      key: base64(bytesFromLatin1(key)),
      range_end: base64(bytesFromLatin1(rangeEnd)),
    })
  );
  return {
    ...answerOf(AuthRoleGetResponse, message, roleLines(role, message.perm), { perm }),
    fields: message.perm.flatMap(({ permType, key, rangeEnd }) => [
      `"PermType" :  ${TYPE_NAMES.get(permType) ?? permType}`,
      `"Key" : ${quoteBytes(key)}`,
      `"RangeEnd" : ${quoteBytes(rangeEnd)}`,
    ]),
  };
}

function roleLines(role: ByteText, permissions: readonly Permission[]): ByteText[] {
  const mayDoAll = role === ROOT_ROLE && permissions.length === 0;
  const rangesOf = (type: number): ByteText[] =>
    mayDoAll ? [`\t${rangeText("", OPEN_END)}`] : permissions
      .filter(({ permType }) => permType === type || permType === PermissionType.READWRITE)
      .map(({ key, rangeEnd }) => `\t${rangeText(key, rangeEnd)}`);
  return [
    `Role ${role}`,
    "KV Read:",
    ...rangesOf(PermissionType.READ),
    "KV Write:",
    ...rangesOf(PermissionType.WRITE),
  ];
}

function rangeText(key: ByteText, end: ByteText): ByteText {
  if (end === "") return key;
  const range = end === OPEN_END ? `[${key}, <open ended>` : `[${key}, ${end})`;
  const isPrefix = key !== "" && end === latin1PrefixEnd(key);
  return isPrefix ? `${range} (prefix ${key})` : range;
}

/** The names of all roles. */
export function roleListAnswer(message: AuthRoleListResponse): Answer<AuthRoleListResponse> {
  const roles = message.roles.map(byteText);
  return {
    ...answerOf(AuthRoleListResponse, message, roles, { roles: message.roles }),
    fields: [`"Roles" :${roles.map((role) => ` ${quoteBytes(role)}`).join("")}`],
  };
}
