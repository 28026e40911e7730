import { type Clock, systemClock } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { GrpcServer } from "../../net/grpc/server.ts";
import type { HttpExchange } from "../../net/http/exchange.ts";
import { wantsWebsocket } from "../../net/websocket/handshake.ts";
import { methodTypes } from "../../pb/json/message_type.ts";
import { ManyRequestsCall, SingleRequestCall } from "./gateway_call.ts";
import { GATEWAY_ROUTES } from "./routes.ts";
import { GatewayShared } from "./shared.ts";
import { respondError } from "./status.ts";
import { WebsocketExchange } from "./websocket_exchange.ts";

/** What the gateway needs of the server that it belongs to. */
export interface GatewayOptions {
  /** Has the methods that the gateway leads to. */
  readonly grpc: GrpcServer;
  /** The largest request message. */
  readonly maxMessageBytes: number;
  /** Whether the name in a certificate makes somebody a user, as it does not through here. */
  readonly usesCommonNames: () => boolean;
  readonly clock?: Clock;
}

const COMMON_NAME_IGNORED =
  "CommonName of client sending a request against gateway will be ignored and not used as expected\n";

/** Answers requests in JSON by calls to the services of the same server. */
export class Gateway {
  readonly #shared: GatewayShared;
  readonly #usesCommonNames: () => boolean;

  constructor({ grpc, maxMessageBytes, usesCommonNames, clock }: GatewayOptions) {
    this.#shared = new GatewayShared(grpc, clock ?? systemClock, maxMessageBytes);
    this.#usesCommonNames = usesCommonNames;
  }

  /** Bodies that are held until they are whole. */
  get unfinishedBytes(): number {
    return this.#shared.unfinishedBytes;
  }

  /** Answers a request for a path below /v3/. */
  handle(exchange: HttpExchange, path: string): void {
    const { commonName, isEncrypted } = exchange.remote;
    if (isEncrypted && commonName !== undefined && commonName !== "" && this.#usesCommonNames()) {
      const fields = ["content-type", "text/plain; charset=utf-8"];
      fields.push("x-content-type-options", "nosniff");
      exchange.respond(400, fields, COMMON_NAME_IGNORED);
      return;
    }
    if (!wantsWebsocket(exchange)) return this.#dispatch(exchange, path);
    const isSingle = GATEWAY_ROUTES.get(path)?.requestStream !== true;
    const overWebsocket = WebsocketExchange.open(exchange, isSingle);
    if (overWebsocket !== undefined) this.#dispatch(overWebsocket, path);
  }

  #dispatch(exchange: HttpExchange, path: string): void {
    const method = GATEWAY_ROUTES.get(path);
    const types = method === undefined ? undefined : methodTypes(method.path);
    if (method === undefined || types === undefined) {
      return respondError(exchange, GrpcCode.NotFound, "Not Found");
    }
    if (exchange.method !== "POST") {
      return respondError(exchange, GrpcCode.Unimplemented, "Method Not Allowed");
    }
    if (!method.requestStream) {
      new SingleRequestCall(this.#shared, exchange, method, types);
      return;
    }
    // A conversation lasts as long as the client wants.
    exchange.allowSlowBody();
    new ManyRequestsCall(this.#shared, exchange, method, types).begin();
  }
}
