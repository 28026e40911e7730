import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { HttpExchange } from "../http/exchange.ts";

/** RFC 6455 section 1.3. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY_BYTES = 16;

/** Whether a request wants to become a websocket. */
export function wantsWebsocket({ headers }: HttpExchange): boolean {
  return hasToken(headers.get("connection"), "upgrade") &&
    hasToken(headers.get("upgrade"), "websocket");
}

/** The answer to the client's key; undefined when the request breaks the rules. */
export function acceptKey({ method, headers }: HttpExchange): string | undefined {
  const key = headers.get("sec-websocket-key") ?? "";
  const isRight = method === "GET" && headers.get("sec-websocket-version") === "13" &&
    Buffer.from(key, "base64").length === KEY_BYTES;
  if (!isRight) return undefined;
  return createHash("sha1").update(key + ACCEPT_SUFFIX).digest("base64");
}

function hasToken(value: string | undefined, token: string): boolean {
  return value !== undefined &&
    value.toLowerCase().split(",").some((each) => each.trim() === token);
}
