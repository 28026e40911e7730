import { splitHostPort } from "./host_port.ts";
import { goQuote } from "./go_quote.ts";

/** A text that is not a URL; the message is that of Go's net/url. */
export class UrlError extends Error {
  /** How the error calls itself. */
  override name = "UrlError";
}

/**
 * The address of a server: scheme and `host:port`, or the path of a socket. The platform's URL
 * will not do: it drops a port that is the scheme's own and appends a slash, while members compare
 * these texts letter by letter.
 *
 * @example
 * ```ts
 * import { EndpointUrl } from "@detcd/detcd";
 *
 * const url = EndpointUrl.parse("http://[::1]:2379");
 * if (url.hostname !== "::1" || url.port !== "2379") throw new Error(String(url));
 * ```
 */
export class EndpointUrl {
  /** In lower case. */
  readonly scheme: string;
  /** `host:port` as written. */
  readonly host: string;
  /** What follows the host, with its first slash. */
  readonly path: string;
  readonly #userInfo: string;
  /** What stands after the path: query and fragment, as written. */
  readonly #suffix: string;
  /** `rest` of `scheme:rest` where no slash follows the colon. */
  readonly #opaque: string;

  private constructor(parts: UrlParts) {
    this.scheme = parts.scheme;
    this.host = parts.host;
    this.path = parts.path;
    this.#userInfo = parts.userInfo;
    this.#suffix = parts.suffix;
    this.#opaque = parts.opaque;
  }

  /** Reads a URL by the rules of Go's url.Parse. Throws a UrlError in Go's words for what is none. */
  static parse(text: string): EndpointUrl {
    const hash = text.indexOf("#");
    const url = hash < 0 ? text : text.slice(0, hash);
    const fragment = hash < 0 ? "" : text.slice(hash);
    const parts = explained(url, () => partsOf(url, fragment));
    explained(text, () => checkEscapes(fragment.slice(1)));
    return new EndpointUrl(parts);
  }

  /** The host without its port and without the brackets of an IPv6 address. */
  get hostname(): string {
    const [host] = this.#hostAndPort();
    return host;
  }

  /** The port as written, or "" when there is none. */
  get port(): string {
    const [, port] = this.#hostAndPort();
    return port;
  }

  #hostAndPort(): [string, string] {
    const colon = this.host.lastIndexOf(":");
    if (colon < 0 || colon < this.host.lastIndexOf("]")) {
      return [this.host.replace(/^\[(.*)\]$/, "$1"), ""];
    }
    return [this.host.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), this.host.slice(colon + 1)];
  }

  /** A URL of the same scheme at another `host:port`. Throws an Error for what is no such pair. */
  withHost(host: string): EndpointUrl {
    splitHostPort(host);
    return new EndpointUrl({
      scheme: this.scheme,
      host,
      path: "",
      userInfo: "",
      suffix: "",
      opaque: "",
    });
  }

  /** The URL as it was written, but for the case of its scheme. */
  toString(): string {
    const scheme = this.scheme === "" ? "" : `${this.scheme}:`;
    if (this.#opaque !== "") return `${scheme}${this.#opaque}${this.#suffix}`;
    const hasAuthority = this.scheme !== "" || this.host !== "" || this.#userInfo !== "";
    const needsSlashes = hasAuthority &&
      (this.host !== "" || this.path !== "" || this.#userInfo !== "");
    const user = this.#userInfo === "" ? "" : `${this.#userInfo}@`;
    return `${scheme}${needsSlashes ? "//" : ""}${user}${this.host}${this.path}${this.#suffix}`;
  }
}

interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly userInfo: string;
  readonly suffix: string;
  readonly opaque: string;
}

/** Puts what was read in front of the complaint about it. */
function explained<T>(text: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw new UrlError(`parse ${goQuote(text)}: ${error.message}`);
  }
}

function partsOf(url: string, fragment: string): UrlParts {
  // deno-lint-ignore no-control-regex -- Control characters are what this looks for.
  if (/[\x00-\x1f\x7f]/.test(url)) throw new UrlError("net/url: invalid control character in URL");
  const { scheme, rest } = cutScheme(url);
  const question = rest.indexOf("?");
  const before = question < 0 ? rest : rest.slice(0, question);
  const suffix = (question < 0 ? "" : rest.slice(question)) + fragment;
  const nothing = { scheme, host: "", path: "", userInfo: "", suffix, opaque: "" };
  if (!before.startsWith("/")) {
    if (scheme !== "") return { ...nothing, opaque: before };
    if (before.split("/", 1)[0].includes(":")) {
      throw new UrlError("first path segment in URL cannot contain colon");
    }
  }
  if (!before.startsWith("//") || (scheme === "" && before.startsWith("///"))) {
    checkEscapes(before);
    return { ...nothing, path: before };
  }
  const slash = before.indexOf("/", 2);
  const authority = slash < 0 ? before.slice(2) : before.slice(2, slash);
  const path = slash < 0 ? "" : before.slice(slash);
  const parts = { ...nothing, path, ...cutAuthority(authority) };
  checkEscapes(path);
  return parts;
}

function cutScheme(url: string): { scheme: string; rest: string } {
  if (url.startsWith(":")) throw new UrlError("missing protocol scheme");
  const found = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url);
  if (found === null) return { scheme: "", rest: url };
  return { scheme: found[1].toLowerCase(), rest: url.slice(found[0].length) };
}

const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;

function cutAuthority(authority: string): { userInfo: string; host: string } {
  const at = authority.lastIndexOf("@");
  const host = checkedHost(authority.slice(at + 1));
  if (at < 0) return { userInfo: "", host };
  const userInfo = authority.slice(0, at);
  if (!USER_INFO.test(userInfo)) throw new UrlError("net/url: invalid userinfo");
  checkEscapes(userInfo);
  return { userInfo, host };
}

/** What may stand in a host as it is; beyond ASCII everything may. */
const HOST = /^[A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"\u0080-\u{10ffff}]*$/u;

function checkedHost(host: string): string {
  if (host.startsWith("[") && !host.includes("]")) throw new UrlError("missing ']' in host");
  const end = host.startsWith("[") ? host.lastIndexOf("]") + 1 : host.lastIndexOf(":");
  const colonPort = end < 0 ? "" : host.slice(end);
  if (!/^(?::[0-9]*)?$/.test(colonPort)) {
    throw new UrlError(`invalid port ${goQuote(colonPort)} after host`);
  }
  checkHostEscapes(host);
  const plain = host.replaceAll(/%[0-9a-fA-F]{2}/g, "");
  if (!HOST.test(plain)) {
    const bad = [...plain].find((character) => !HOST.test(character)) ?? "";
    throw new UrlError(`invalid character ${goQuote(bad)} in host name`);
  }
  return host;
}

/** A `%` starts two hexadecimal digits wherever it stands. */
function checkEscapes(text: string): void {
  const found = /%(?![0-9a-fA-F]{2}).{0,2}/su.exec(text);
  if (found !== null) throw new UrlError(`invalid URL escape ${goQuote(found[0])}`);
}

/** In a host only bytes beyond ASCII are escaped, except the `%25` before an IPv6 zone. */
function checkHostEscapes(host: string): void {
  checkEscapes(host);
  const withoutZone = host.startsWith("[") ? host.replace(/%25.*\]/, "]") : host;
  const found = /%[0-7][0-9a-fA-F]/.exec(withoutZone);
  if (found !== null) throw new UrlError(`invalid URL escape ${goQuote(found[0])}`);
}
