/** `--auth-token` asks for what cannot be; the message begins with etcd's own text. */
export class AuthOptionsError extends Error {
  override name = "AuthOptionsError";

  /** `text` is what etcd says of it. */
  constructor(what: string, text = "auth: invalid auth options") {
    super(`${text}: ${what}`);
  }
}
