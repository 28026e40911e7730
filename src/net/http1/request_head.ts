import { HeaderList } from "../hpack/header_list.ts";

/** A request whose head is wrong, and what is answered; the connection ends behind it. */
export class BadRequest extends Error {
  override name = "BadRequest";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How a body ends: at a length, by chunks; 0 is no body. */
export type BodyFraming = number | "chunked";

/** What stands in front of a request's body. Nothing of one exchange is kept in it. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: HeaderList;
  readonly framing: BodyFraming;
  /** Whether the version is 1.0. */
  readonly isOld: boolean;
  /** Whether another request may follow. */
  readonly keepAlive: boolean;
  readonly expectsContinue: boolean;
  /** Whether the connection field asks for another protocol. */
  readonly upgrades: boolean;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) HTTP\/([0-9])\.([0-9])$/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const BAD_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;
const AUTHORITY = /^[^\s/?#@\\,]*$/;
const LENGTH = /^[0-9]{1,15}$/;

/**
 * Reads a head without its last, empty line. It is strict where two readers of the same bytes might
 * come to see different requests (RFC 9112 section 11.2). Throws BadRequest.
 */
export function parseRequestHead(text: string): RequestHead {
  const lines = text.split("\r\n");
  const line = REQUEST_LINE.exec(lines[0]);
  if (line === null) throw new BadRequest(400, "malformed request line");
  const [, method, rawTarget, major, minor] = line;
  if (major !== "1" || minor > "1") throw new BadRequest(505, "unsupported protocol version");
  const isOld = minor === "0";
  const fields: string[] = [];
  for (let i = 1; i < lines.length; i++) fields.push(...parseField(lines[i]));
  const headers = new HeaderList(fields, false);
  const host = hostOf(fields, isOld);
  const { target, authority } = splitTarget(method, rawTarget);
  const connection = tokens(fields, "connection");
  return {
    method,
    target,
    authority: authority ?? host,
    headers,
    framing: framingOf(fields, isOld),
    isOld,
    keepAlive: isOld ? connection.includes("keep-alive") : !connection.includes("close"),
    expectsContinue: expectation(headers, isOld),
    upgrades: !isOld && connection.includes("upgrade"),
  };
}

/** The name of a field, in lower case, and its value. Throws BadRequest. */
export function parseField(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  // A blank in front of the colon, or of the whole line, is no part of any name.
  if (colon <= 0 || !FIELD_NAME.test(name)) throw new BadRequest(400, "malformed header field");
  const value = withoutOuterBlanks(line, colon + 1);
  if (BAD_VALUE.test(value)) throw new BadRequest(400, "invalid character in a header field");
  return [name.toLowerCase(), value];
}

/** A pattern for it would try again at each blank, of which a line may have many. */
function withoutOuterBlanks(line: string, from: number): string {
  let [start, end] = [from, line.length];
  while (start < end && isBlank(line, start)) start++;
  while (end > start && isBlank(line, end - 1)) end--;
  return line.slice(start, end);
}

function isBlank(line: string, index: number): boolean {
  return line[index] === " " || line[index] === "\t";
}

function valuesOf(fields: readonly string[], name: string): string[] {
  return fields.filter((_, i) => i % 2 === 1 && fields[i - 1] === name);
}

function tokens(fields: readonly string[], name: string): string[] {
  return valuesOf(fields, name).flatMap((value) => value.toLowerCase().split(","))
    .map((token) => token.trim());
}

function hostOf(fields: readonly string[], isOld: boolean): string {
  const hosts = valuesOf(fields, "host");
  if (hosts.length > 1) throw new BadRequest(400, "too many Host headers");
  if (hosts.length === 0 && !isOld) throw new BadRequest(400, "missing required Host header");
  const host = hosts[0] ?? "";
  if (!AUTHORITY.test(host)) throw new BadRequest(400, "malformed Host header");
  return host;
}

/** A target may name the host as well, which then counts more than the field. */
function splitTarget(
  method: string,
  target: string,
): { readonly target: string; readonly authority: string | undefined } {
  if (target[0] === "/" || (target === "*" && method === "OPTIONS")) {
    return { target, authority: undefined };
  }
  if (method === "CONNECT" && AUTHORITY.test(target)) return { target: "", authority: target };
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  if (absolute === null || !AUTHORITY.test(absolute[1])) {
    throw new BadRequest(400, "malformed request target");
  }
  const path = absolute[2];
  return { target: path.startsWith("/") ? path : `/${path}`, authority: absolute[1] };
}

function framingOf(fields: readonly string[], isOld: boolean): BodyFraming {
  const lengths = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  if (codings.length > 0) {
    if (lengths.length > 0 || isOld) throw new BadRequest(400, "ambiguous body length");
    if (codings.length > 1 || codings[0].toLowerCase() !== "chunked") {
      throw new BadRequest(501, "unsupported transfer encoding");
    }
    return "chunked";
  }
  if (lengths.length === 0) return 0;
  if (lengths.length > 1 || !LENGTH.test(lengths[0])) {
    throw new BadRequest(400, "bad Content-Length");
  }
  return Number(lengths[0]);
}

function expectation(headers: HeaderList, isOld: boolean): boolean {
  const expected = headers.get("expect");
  if (expected === undefined || isOld) return false;
  if (expected.toLowerCase() !== "100-continue") {
    throw new BadRequest(417, "unknown expectation");
  }
  return true;
}
