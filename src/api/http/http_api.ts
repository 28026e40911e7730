import { messageOf } from "../../base/error_message.ts";
import type { Logger } from "../../base/log.ts";
import type { ExchangeHandler, HttpExchange } from "../../net/http/exchange.ts";
import { type AccessPolicy, withAccessControl } from "./access_control.ts";
import { AwaitedExchange } from "./awaited_exchange.ts";
import { HeldBodies } from "./held_bodies.ts";
import { type HttpHandler, type HttpResponse, textResponse } from "./http_message.ts";
import { pathPatternFor } from "./path_pattern.ts";
import { parseTarget, type RequestTarget } from "./request_target.ts";
import { answerUser } from "./user_answer.ts";
import type { UserHandlers } from "./user_handlers.ts";

/** Answers a request for a path of the JSON gateway. It must not throw. */
export type GatewayHandler = (exchange: HttpExchange, path: string) => void;

/** What answers requests that are not gRPC. */
export interface HttpApiOptions {
  /** Our own handlers by path; one that ends in a slash stands for everything below it. */
  readonly routes: ReadonlyMap<string, HttpHandler>;
  readonly userHandlers: UserHandlers;
  /** What has everything below /v3/; without it there is nothing. */
  readonly gateway?: GatewayHandler | undefined;
  readonly logger: Logger;
  /** Whose requests are answered; all are without it, and browsers are told nothing. */
  readonly access?: AccessPolicy | undefined;
}

const GATEWAY_PREFIX = "/v3/";

const NOT_FOUND = textResponse(404, "404 page not found\n");

/** Answers requests by a set of routes. */
export function httpApi(options: HttpApiOptions): ExchangeHandler {
  const held = new HeldBodies();
  const answer = (exchange: HttpExchange): void => {
    const target = parseTarget(exchange.target);
    if (target === undefined) return send(exchange, textResponse(400, "400 Bad Request"));
    if (target.redirect !== undefined) return redirect(exchange, target.redirect);
    route(options, exchange, target, held);
  };
  const { access, logger } = options;
  return access === undefined ? answer : withAccessControl(access, logger, answer);
}

function route(
  options: HttpApiOptions,
  exchange: HttpExchange,
  target: RequestTarget,
  held: HeldBodies,
): void {
  const { gateway, userHandlers } = options;
  const { path } = target;
  const userPattern = pathPatternFor(userHandlers, path);
  const isGateway = gateway !== undefined && path.startsWith(GATEWAY_PREFIX);
  // The longer of two patterns that fit wins.
  if (isGateway && !(userPattern !== undefined && userPattern.length > GATEWAY_PREFIX.length)) {
    return gateway(exchange, path);
  }
  const userHandler = userPattern === undefined ? undefined : userHandlers.get(userPattern);
  if (userHandler !== undefined) {
    const awaited = new AwaitedExchange(exchange, held);
    return awaitAnswer(options, exchange, answerUser(userHandler, exchange, awaited));
  }
  const isSubtree = userHandlers.has(`${path}/`) || options.routes.has(`${path}/`) ||
    (gateway !== undefined && `${path}/` === GATEWAY_PREFIX);
  if (isSubtree && !options.routes.has(path)) {
    return redirect(exchange, `${path}/${target.search}`);
  }
  const pattern = pathPatternFor(options.routes, path);
  const handler = pattern === undefined ? undefined : options.routes.get(pattern);
  if (handler === undefined) return send(exchange, NOT_FOUND);
  const awaited = new AwaitedExchange(exchange, held);
  awaitAnswer(options, exchange, answerOwn(handler, exchange, awaited, path, target.search));
}

/** An exchange is answered in its own time; what is thrown meanwhile costs only this exchange. */
function awaitAnswer(
  options: HttpApiOptions,
  exchange: HttpExchange,
  answering: Promise<void>,
): void {
  answering.catch((error: unknown) => {
    options.logger.error("an HTTP handler failed", {
      path: exchange.target,
      error: messageOf(error),
    });
    // A response that has begun can only be broken off; behind a whole one, abort does nothing.
    send(exchange, textResponse(500, "Internal Server Error\n"));
    exchange.abort();
  });
}

async function answerOwn(
  handler: HttpHandler,
  exchange: HttpExchange,
  awaited: AwaitedExchange,
  path: string,
  search: string,
): Promise<void> {
  const response = await handler({
    method: exchange.method,
    path,
    query: new URLSearchParams(search),
    authority: exchange.authority,
    headers: exchange.headers,
    remote: exchange.remote,
    whenGone: (listener) => awaited.whenGone(listener),
  });
  send(exchange, response);
}

function send(exchange: HttpExchange, { status, headers, body }: HttpResponse): void {
  exchange.respond(status, Object.entries(headers).flat(), body);
}

/** Sends the client elsewhere; a browser without the habit gets a link to follow. */
function redirect(exchange: HttpExchange, location: string): void {
  const isRead = exchange.method === "GET" || exchange.method === "HEAD";
  const fields = ["location", location];
  if (isRead) fields.push("content-type", "text/html; charset=utf-8");
  const link = `<a href="${escapedHtml(location)}">Temporary Redirect</a>.\n\n`;
  exchange.respond(307, fields, isRead ? link : "");
}

function escapedHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&#34;").replaceAll("'", "&#39;");
}
