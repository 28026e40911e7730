import type { HeaderList } from "../hpack/header_list.ts";

/**
 * What RFC 9113 section 8 demands of a request's headers. The result is kept on the list, since
 * repeated requests come as the same list.
 */
class RequestCheck {
  /** Why the request is malformed, if it is. */
  readonly problem: string | undefined;
  /** The announced length of the body; -1 if none is announced. */
  readonly contentLengthBytes: number;

  constructor(problem: string | undefined, contentLengthBytes: number) {
    this.problem = problem;
    this.contentLengthBytes = contentLengthBytes;
  }
}

/** Checks the headers that begin a request. */
export function checkRequest(headers: HeaderList): RequestCheck {
  const known = headers.httpMemo;
  if (known instanceof RequestCheck) return known;
  const check = newRequestCheck(headers.fields);
  headers.httpMemo = check;
  return check;
}

/** Checks the headers that end a request: why they are malformed, if they are. */
export function checkTrailers(headers: HeaderList): string | undefined {
  const fields = headers.fields;
  for (let i = 0; i < fields.length; i += 2) {
    const problem = fieldProblem(fields[i], fields[i + 1]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const PSEUDO_NAMES = [":method", ":scheme", ":authority", ":path"] as const;

function newRequestCheck(fields: readonly string[]): RequestCheck {
  const pseudo = pseudoFields(fields);
  if (typeof pseudo === "string") return new RequestCheck(pseudo, -1);
  let contentLength: string | undefined;
  for (let i = pseudo.end; i < fields.length; i += 2) {
    const problem = fieldProblem(fields[i], fields[i + 1]);
    if (problem !== undefined) return new RequestCheck(problem, -1);
    if (fields[i] !== "content-length") continue;
    if (!/^[0-9]{1,15}$/.test(fields[i + 1])) {
      return new RequestCheck("content-length is not a number", -1);
    }
    if (contentLength !== undefined && contentLength !== fields[i + 1]) {
      return new RequestCheck("content-length is given twice", -1);
    }
    contentLength = fields[i + 1];
  }
  const problem = pseudoProblem(pseudo.values);
  return new RequestCheck(problem, contentLength === undefined ? -1 : Number(contentLength));
}

/** The pseudo fields, which all stand at the beginning; or what is wrong with them. */
function pseudoFields(
  fields: readonly string[],
): string | { readonly values: ReadonlyMap<string, string>; readonly end: number } {
  const values = new Map<string, string>();
  let end = 0;
  while (end < fields.length && fields[end].startsWith(":")) {
    const name = fields[end];
    if (!PSEUDO_NAMES.some((known) => known === name)) return "unknown pseudo header field";
    if (values.has(name)) return "pseudo header field is given twice";
    if (!isFieldValue(fields[end + 1])) return "invalid character in a pseudo header field";
    values.set(name, fields[end + 1]);
    end += 2;
  }
  return { values, end };
}

function pseudoProblem(values: ReadonlyMap<string, string>): string | undefined {
  const method = values.get(":method");
  if (method === undefined || !isToken(method)) return ":method is missing or invalid";
  if (method === "CONNECT") {
    const complete = values.size === 2 && values.has(":authority");
    return complete ? undefined : "CONNECT takes :authority and nothing else";
  }
  if (!values.get(":scheme")) return ":scheme is missing or empty";
  const path = values.get(":path");
  if (!path) return ":path is missing or empty";
  if (path[0] !== "/" && !(path === "*" && method === "OPTIONS")) return ":path is not absolute";
  return undefined;
}

function fieldProblem(name: string, value: string): string | undefined {
  if (name[0] === ":") return "pseudo header field behind other fields";
  if (!isLowerCaseToken(name)) return "invalid character in a field name";
  if (!isFieldValue(value)) return "invalid character in a field value";
  switch (name) {
    case "connection":
    case "keep-alive":
    case "proxy-connection":
    case "transfer-encoding":
    case "upgrade":
      return "field is specific to connections of HTTP/1.1";
    case "te":
      return value.toLowerCase() === "trailers" ? undefined : "te may only say trailers";
  }
  return undefined;
}

/** RFC 9110 section 5.6.2, without the capitals that RFC 9113 section 8.2.1 forbids. */
function isLowerCaseToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name);
}

function isToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/.test(name);
}

/** RFC 9113 section 8.2.1: no NUL, LF or CR anywhere, no blank at either end. */
function isFieldValue(value: string): boolean {
  return !/[\0\r\n]|^[ \t]|[ \t]$/.test(value);
}
