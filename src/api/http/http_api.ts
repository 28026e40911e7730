import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "../../base/log.ts";
import {
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  textResponse,
} from "./http_message.ts";
import { HTTP_LIMITS } from "./limits.ts";
import { findUserHandler, type UserHandler, type UserHandlers } from "./user_handlers.ts";

/** What answers on the HTTP/1.1 side of a listener. */
export interface HttpApiOptions {
  /** Our own handlers by exact path. */
  readonly routes: ReadonlyMap<string, HttpHandler>;
  readonly userHandlers: UserHandlers;
  readonly logger: Logger;
}

/** The request listener of node:http for a set of routes. */
export function httpApi(
  options: HttpApiOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.logger.error("an HTTP handler failed", {
        path: request.url ?? "",
        error: error instanceof Error ? error.message : String(error),
      });
      if (!response.headersSent) send(response, textResponse(500, "Internal Server Error\n"));
      else response.destroy();
    });
  };
}

async function answer(
  options: HttpApiOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = parseTarget(message.url);
  if (url === undefined) return send(response, textResponse(400, "400 Bad Request\n"));
  const userHandler = findUserHandler(options.userHandlers, url.pathname);
  if (userHandler !== undefined) return await answerUser(userHandler, url, message, response);
  // Our own handlers read no body; what was sent is let through so that keep-alive goes on.
  message.resume();
  const route = options.routes.get(url.pathname);
  if (route === undefined) return send(response, textResponse(404, "404 page not found\n"));
  const request: HttpRequest = {
    method: message.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
  };
  send(response, await route(request));
}

function parseTarget(target: string | undefined): URL | undefined {
  try {
    return new URL(`http://localhost${target?.startsWith("/") ? target : "/"}`);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  response.writeHead(status, { ...headers, "content-length": String(Buffer.byteLength(body)) });
  response.end(body);
}

async function answerUser(
  handler: UserHandler,
  url: URL,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(message);
  if (body === undefined) return send(response, textResponse(413, "413 Content Too Large\n"));
  const answered = await handler(webRequest(url, message, body));
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of answered.headers) {
    if (name !== "set-cookie") headers[name] = value;
  }
  const cookies = answered.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  const content = new Uint8Array(await answered.arrayBuffer());
  response.writeHead(answered.status, { ...headers, "content-length": String(content.length) });
  response.end(content);
}

function webRequest(url: URL, message: IncomingMessage, body: Uint8Array<ArrayBuffer>): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    if (Array.isArray(value)) { for (const item of value) headers.append(name, item); }
    else if (value !== undefined) headers.set(name, value);
  }
  const method = message.method ?? "GET";
  const target = new URL(url);
  if (message.headers.host !== undefined) target.host = message.headers.host;
  const bodyAllowed = method !== "GET" && method !== "HEAD";
  return new Request(target, bodyAllowed ? { method, headers, body } : { method, headers });
}

/** The whole body, or undefined when it is larger than allowed. */
async function readBody(message: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of message) {
    const bytes: Uint8Array = chunk;
    sizeBytes += bytes.length;
    if (sizeBytes > HTTP_LIMITS.userRequestBytes) return undefined;
    chunks.push(bytes);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
