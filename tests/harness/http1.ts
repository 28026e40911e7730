import { connect } from "node:net";
import { textFromBytes } from "../../src/base/bytes.ts";

/** What a server answered over HTTP/1.1. */
export interface Http1Response {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** The body as it came. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Sends one request on a connection of its own that the server closes behind its answer, so that
 * nothing stays open when a test ends. `Host` among the headers takes the place of the usual one.
 */
export function httpRequest(
  port: number,
  path: string,
  method = "GET",
  body = "",
  headers: Readonly<Record<string, string>> = {},
): Promise<Http1Response> {
  const fields = { Host: `127.0.0.1:${port}`, Connection: "close", ...headers };
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
    ...(body === "" ? [] : ["Content-Type: application/json"]),
    ...(body === "" && method !== "POST" ? [] : [`Content-Length: ${body.length}`]),
  ];
  return exchange(port, `${lines.join("\r\n")}\r\n\r\n${body}`).then(parseResponse);
}

/** Sends raw bytes and returns everything that comes back until the server closes. */
export function exchange(port: number, request: string, timeoutMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1");
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    socket.on("connect", () => socket.write(request));
    socket.on("data", (chunk) => answer += String(chunk));
    socket.on("error", reject);
    // Resolving on "close" rather than "end" leaves no handle open behind the caller.
    socket.on("close", () => resolve(answer));
  });
}

function parseResponse(text: string): Http1Response {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) throw new Error(`not an HTTP/1.1 response: ${JSON.stringify(text)}`);
  const [statusLine, ...headerLines] = text.slice(0, headEnd).split("\r\n");
  const headers = new Map<string, string>();
  for (const line of headerLines) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const rest = text.slice(headEnd + 4);
  const isChunked = headers.get("transfer-encoding") === "chunked";
  const latin1Body = isChunked ? unchunk(rest) : rest;
  const bytes = Uint8Array.from(latin1Body, (char) => char.charCodeAt(0));
  const body = textFromBytes(bytes);
  return { status: Number(statusLine.split(" ")[1]), headers, body, bytes };
}

function unchunk(text: string): string {
  let body = "";
  let position = 0;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", position);
    const length = parseInt(text.slice(position, lineEnd), 16);
    if (!(length > 0)) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + length);
    position = lineEnd + 2 + length + 2;
  }
}
