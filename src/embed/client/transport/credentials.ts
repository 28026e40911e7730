/**
 * Who a client is, for a server with authentication: a user with a password, or somebody who has a
 * token already. While authentication is not enabled the server does not look at either.
 */
export interface Credentials {
  /** The user's name; goes with `password`. */
  readonly user?: string;
  /** The user's password; the client exchanges it for a token, and again when that has expired. */
  readonly password?: string;
  /** A token, such as a JWT that somebody else issued. It is sent as it is and never renewed. */
  readonly token?: string;
}

/** A user and the password, both there. */
export interface UserCredentials {
  readonly user: string;
  readonly password: string;
}

/** What credentials come to. */
export type CheckedCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  | ({ readonly kind: "user" } & UserCredentials);

/** What HTTP can carry in a header. */
const TOKEN_FORM = /^[\x21-\x7e]+$/;

/** Throws a TypeError for credentials that contradict each other or lack a part. */
export function checkCredentials({ user, password, token }: Credentials): CheckedCredentials {
  if (token !== undefined) {
    if (user !== undefined || password !== undefined) {
      throw new TypeError("Cannot authenticate: give either a token or a user with a password");
    }
    if (!TOKEN_FORM.test(token)) {
      throw new TypeError("Cannot authenticate: the token has characters that no token has");
    }
    return { kind: "token", token };
  }
  if (user === undefined && password === undefined) return { kind: "none" };
  if (user === undefined || user === "") {
    throw new TypeError("Cannot authenticate: there is a password but no user");
  }
  if (password === undefined) {
    throw new TypeError(`Cannot authenticate user ${JSON.stringify(user)}: there is no password`);
  }
  return { kind: "user", user, password };
}
