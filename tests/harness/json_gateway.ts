import { type Http1Response, httpRequest } from "./http1.ts";

/** A value of a JSON answer of the gateway. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** What the gateway answered to one request. */
interface GatewayAnswer {
  readonly status: number;
  readonly body: Json;
  readonly headers: ReadonlyMap<string, string>;
}

/** Sends JSON to a path of the gateway. A text is sent as it is. */
export async function gatewayCall(
  port: number,
  path: string,
  body: Json | string,
  method = "POST",
): Promise<GatewayAnswer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await httpRequest(port, path, method, text);
  return { status: response.status, headers: response.headers, body: parsed(response) };
}

/** The status and the message of a request that must fail. */
export async function gatewayError(
  port: number,
  path: string,
  body: Json | string,
): Promise<readonly [status: number, code: Json, message: string]> {
  const answer = await gatewayCall(port, path, body);
  const [code, message] = [member(answer.body, "code"), member(answer.body, "message")];
  // Programs in Go put one of two spaces behind "proto:", by chance of their build.
  return [answer.status, code, String(message).replaceAll("\u00a0", " ")];
}

/** A member of an object. */
export function member(value: Json, name: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  return value[name] ?? null;
}

/** The value without what differs from server to server: the headers, and IDs and times below. */
export function withoutHeader(value: Json): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const { header: _, ...rest } = value;
  return rest;
}

/** Bytes as the gateway writes them. */
export function base64(text: string): string {
  return btoa(text);
}

/**
 * Sends a body in one piece over a connection of its own and reads lines until there are as many as
 * wanted, or until the answer ends.
 */
export async function streamLines(
  port: number,
  path: string,
  body: string,
  count: number,
): Promise<Json[]> {
  const abort = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    body,
    signal: abort.signal,
  });
  const lines: Json[] = [];
  let rest = "";
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  while (reader !== undefined && lines.length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.map((line): Json => JSON.parse(line)));
  }
  await reader?.cancel();
  abort.abort();
  return lines;
}

function parsed({ body }: Http1Response): Json {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
