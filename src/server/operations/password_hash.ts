import { assert } from "../../base/assert.ts";
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";

/** What an entry of the log says of a password. */
export interface LoggedPassword {
  /** In plain text: only etcd before 3.5 leaves it to those who apply the entry to hash it. */
  password: string;
  /** Base64 of the text of the hash. */
  hashedPassword: string;
}

/** Whether the entry is of an etcd before 3.5 and has to be given a hash before it is applied. */
export function lacksHash({ password, hashedPassword }: Readonly<LoggedPassword>): boolean {
  return password !== "" && hashedPassword === "";
}

/** The text of the hash; empty if the password is empty, and then no password fits. */
export function passwordHashOf(logged: Readonly<LoggedPassword>): Uint8Array {
  assert(!lacksHash(logged), "what was logged before etcd 3.5 is given its hash at the start");
  if (logged.hashedPassword === "") return EMPTY_BYTES;
  try {
    return Uint8Array.fromBase64(logged.hashedPassword, { lastChunkHandling: "strict" });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw ETCD_ERRORS.noPasswordUser;
  }
}
