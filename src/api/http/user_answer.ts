import type { HttpExchange } from "../../net/http/exchange.ts";
import type { AwaitedExchange } from "./awaited_exchange.ts";
import { HTTP_LIMITS } from "./limits.ts";
import type { UserHandler } from "./user_handlers.ts";

const BAD_REQUEST = "400 Bad Request\n";
const BODY_REFUSALS: Readonly<Record<number, string>> = {
  413: "413 Content Too Large\n",
  503: "503 Service Unavailable: too many unfinished requests, try again later\n",
};
const PLAIN = ["content-type", "text/plain; charset=utf-8"];

/** Headers that belong to the connection, not to the response that a handler gives. */
const CONNECTION_HEADERS = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

/** Answers a request with what an embedder's handler says to it. */
export async function answerUser(
  handler: UserHandler,
  exchange: HttpExchange,
  awaited: AwaitedExchange,
): Promise<void> {
  const body = await awaited.readBody(HTTP_LIMITS.userRequestBytes);
  if (exchange.finished) return;
  if (typeof body === "number") return exchange.respond(body, PLAIN, BODY_REFUSALS[body]);
  const request = webRequest(exchange, body);
  if (request === undefined) return exchange.respond(400, PLAIN, BAD_REQUEST);
  const { status, headers, body: answer } = await handler(request);
  if (exchange.finished) return void await answer?.cancel();
  const fields = responseFields(headers);
  if (answer === null) return exchange.respond(status, fields, "");
  const reader = answer.getReader();
  // Its next part may never come, and then nobody else would tell it.
  awaited.whenGone(() => void reader.cancel().catch(() => {}));
  await awaited.sendStream(status, fields, partsOf(reader));
}

async function* partsOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel();
  }
}

/**
 * What the web's URL takes for a way up, or for the end of a path, and ServeMux does not: a handler
 * would see another path than the one that it was chosen for.
 */
const OTHER_PATH = /^[^?]*([\\#]|\/(\.|%2e){1,2}(\/|\?|$))/i;

/** Undefined for what the web's Request cannot hold. */
function webRequest(
  exchange: HttpExchange,
  body: Uint8Array<ArrayBuffer>,
): Request | undefined {
  const { method, authority, target, remote } = exchange;
  if (OTHER_PATH.test(target)) return undefined;
  const scheme = remote.isEncrypted ? "https" : "http";
  try {
    const url = new URL(`${scheme}://${authority === "" ? "localhost" : authority}${target}`);
    const headers = new Headers();
    const { fields } = exchange.headers;
    for (let i = 0; i < fields.length; i += 2) {
      if (!fields[i].startsWith(":")) headers.append(fields[i], fields[i + 1]);
    }
    const hasBody = method !== "GET" && method !== "HEAD";
    return new Request(url, hasBody ? { method, headers, body } : { method, headers });
  } catch {
    return undefined;
  }
}

function responseFields(headers: Headers): string[] {
  const fields: string[] = [];
  // Iterating gives each cookie as a field of its own.
  for (const [name, value] of headers) {
    if (!CONNECTION_HEADERS.has(name)) fields.push(name, value);
  }
  return fields;
}
