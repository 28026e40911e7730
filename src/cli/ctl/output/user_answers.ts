import {
  AuthStatusResponse,
  AuthUserGetResponse,
  AuthUserListResponse,
} from "../../../pb/etcdserverpb.ts";
import { type ByteText, byteText } from "../byte_text.ts";
import { answerOf } from "./answers.ts";
import type { Answer } from "./printer.ts";

/** The roles of a user. */
export function userAnswer(
  user: ByteText,
  message: AuthUserGetResponse,
): Answer<AuthUserGetResponse> {
  const { roles } = message;
  const lines = [`User: ${user}`, `Roles:${roles.map((role) => ` ${byteText(role)}`).join("")}`];
  return answerOf(AuthUserGetResponse, message, lines, { roles });
}

/** The names of all users. */
export function userListAnswer(message: AuthUserListResponse): Answer<AuthUserListResponse> {
  const { users } = message;
  return answerOf(AuthUserListResponse, message, users.map(byteText), { users });
}

/** Whether the server asks who calls. */
export function authStatusAnswer(message: AuthStatusResponse): Answer<AuthStatusResponse> {
  const { enabled, authRevision } = message;
  const lines = [`Authentication Status: ${enabled}`, `AuthRevision: ${authRevision}`];
  return answerOf(AuthStatusResponse, message, lines, { enabled, authRevision });
}
