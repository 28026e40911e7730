import type { Credentials } from "../../../embed/client/transport/credentials.ts";
import { type ByteText, plainText } from "../byte_text.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import type { CtlIo } from "../io.ts";
import { askPassword } from "./password.ts";

/** Who the global flags say that one is. Asks for a password that they do not tell. */
export async function credentialsOfFlags(io: CtlIo, flags: FlagSet): Promise<Credentials> {
  const token = flags.text("auth-jwt-token");
  if (token !== "") return { token };
  return await userCredentials(io, flags.text("user"), flags.text("password"), "Password: ");
}

/** The credentials of a user given as `name` or `name:password`; none if nobody is named. */
export async function userCredentials(
  io: CtlIo,
  named: ByteText,
  given: ByteText,
  prompt: string,
): Promise<Credentials> {
  if (named === "") return {};
  if (given !== "") return credentialsOf(named, given);
  const [user, password] = splitUser(named);
  return credentialsOf(user, password ?? await askPassword(io, prompt));
}

/** Parts `name:password`; the password may have colons. */
export function splitUser(text: ByteText): [user: ByteText, password: ByteText | undefined] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** As in etcdctl, who has no password or no name is nobody. */
function credentialsOf(user: ByteText, password: ByteText): Credentials {
  if (user === "" || password === "") return {};
  return { user: plainText(user), password: plainText(password) };
}
