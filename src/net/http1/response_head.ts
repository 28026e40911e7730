/** The texts of RFC 9110 and of nginx for 499, which gRPC gateways use for cancelled calls. */
const REASONS: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Request Entity Too Large",
  414: "Request URI Too Long",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  421: "Misdirected Request",
  422: "Unprocessable Entity",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  499: "Client Closed Request",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** The first line of a response. */
export function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${REASONS[status] ?? `status code ${status}`}\r\n`;
}

/** `fields` (name, value ...) as lines. */
export function fieldLines(fields: readonly string[]): string {
  let text = "";
  for (let i = 0; i < fields.length; i += 2) {
    text += `${capitalized(fields[i])}: ${oneLine(fields[i + 1])}\r\n`;
  }
  return text;
}

/** Names that handlers choose freely must not fill the memory. */
const MAX_CAPITALIZED = 256;
const capitalizedNames = new Map<string, string>();

/** Names look as people are used to see them in HTTP/1.1: "content-type" as "Content-Type". */
function capitalized(name: string): string {
  const known = capitalizedNames.get(name);
  if (known !== undefined) return known;
  const text = name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
  if (capitalizedNames.size < MAX_CAPITALIZED) capitalizedNames.set(name, text);
  return text;
}

/**
 * A value that ends its line could begin a response of its own. A character of more than a byte
 * would become one that nobody meant, such as a line end.
 */
function oneLine(value: string): string {
  return UNSAFE.test(value) ? value.replaceAll(UNSAFE_CHARACTERS, " ") : value;
}

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const UNSAFE = /[\r\n\0]|[^\x00-\xff]/;
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const UNSAFE_CHARACTERS = /(?:[\r\n\0]|[^\x00-\xff])+/g;
