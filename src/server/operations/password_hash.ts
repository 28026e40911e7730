import { assert } from "../../base/assert.ts";
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

/** As Go reads base64: bits too many at the end do not matter, and no blanks may stand in it... */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** ... but these, which are passed over. */
const LINE_ENDS = /[\r\n]/g;

/**
 * The text of the hash; empty if the password is empty, and then no password fits. Throws what etcd
 * says of a hash that is none.
 */
export function passwordHashOf(logged: Readonly<LoggedPassword>): Uint8Array {
  assert(!lacksHash(logged), "what was logged before etcd 3.5 is given its hash at the start");
  const digits = logged.hashedPassword.replace(LINE_ENDS, "");
  if (!BASE64.test(digits)) throw ETCD_ERRORS.noPasswordUser;
  return Uint8Array.fromBase64(digits);
}
