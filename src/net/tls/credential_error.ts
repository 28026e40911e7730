import { messageOf } from "../../base/error_message.ts";

/** Files that cannot be used; the message says which and why, in Go's words where it has some. */
export class CredentialError extends Error {
  override name = "CredentialError";
}

/** What `parse` returns; what it throws becomes a CredentialError that names what was parsed. */
export function parsedFrom<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const why = messageOf(error);
    throw new CredentialError(`tls: failed to parse ${what}: ${why}`, { cause: error });
  }
}
