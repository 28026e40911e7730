import type { ByteText } from "../byte_text.ts";
import { badArguments } from "../exit_code.ts";
import type { CtlIo } from "../io.ts";

/** Asks for a password, which a terminal does not show. */
export async function askPassword(io: CtlIo, prompt: ByteText): Promise<ByteText> {
  io.stdout(prompt);
  const password = await io.readSecret();
  io.stdout("\n");
  return password.trim();
}

/** Asks for the password that a user shall have, twice. Throws a CtlError when they differ. */
export async function askNewPassword(io: CtlIo, user: ByteText): Promise<ByteText> {
  const password = await askPassword(io, `Password of ${user}: `);
  if (password === "") throw badArguments("empty password");
  const again = await askPassword(io, `Type password of ${user} again for confirmation: `);
  if (again !== password) throw badArguments("given passwords are different");
  return password;
}

/** The first word of the next line of standard input, for scripts. */
export async function readPassword(io: CtlIo): Promise<ByteText> {
  const line = await io.readLine() ?? await io.readInput();
  return /^[ \t]*(\S*)/.exec(line)?.[1] ?? "";
}
