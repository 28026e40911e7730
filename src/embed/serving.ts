import { lazyGateway, loadGateway } from "../api/json_gateway/lazy_gateway.ts";
import type { AccessPolicy } from "../api/http/access_control.ts";
import { type GatewayHandler, httpApi } from "../api/http/http_api.ts";
import type { HttpHandler } from "../api/http/http_message.ts";
import { systemClock } from "../base/clock.ts";
import type { EndpointUrl } from "../base/endpoint_url.ts";
import { messageOf } from "../base/error_message.ts";
import type { CallTracer } from "../net/grpc/call_tracer.ts";
import type { GrpcObserver } from "../net/grpc/observer.ts";
import { GrpcServer } from "../net/grpc/server.ts";
import { ProtocolSplit } from "../net/http/http2_exchange.ts";
import { listen, type Listener } from "../net/listener.ts";
import { SERVER_LIMITS } from "../server/limits.ts";
import type { TlsGate } from "../net/tls/tls_gate.ts";
import type { Config } from "./config/config.ts";
import { ConfigError } from "./config/errors.ts";
import { connectionLimits } from "./descriptor_limit.ts";
import {
  addressKey,
  type BoundListener,
  listenAddressOf,
  type ListenTarget,
  listenTargets,
  reachableUrl,
} from "./listeners.ts";
import { slowCallWarning } from "./slow_call_warning.ts";
import { prepareClientTls } from "./tls/client_tls.ts";

/** The largest message that gRPC can frame. */
const MAX_SEND_BYTES = 2 ** 31 - 1;

/** Our own HTTP handlers by path. */
export type Routes = Map<string, HttpHandler>;

/** Everything that listens for clients. */
export class Serving {
  /** What serves gRPC; services are added to it before `begin`. */
  readonly grpc: GrpcServer;
  /** Paths on the client (or HTTP-only) URLs. */
  readonly clientRoutes: Routes = new Map();
  /** Paths on the metrics URLs. */
  readonly metricsRoutes: Routes = new Map();
  /** Whether the name in a certificate makes somebody a user; set before `begin`. */
  usesCommonNames: () => boolean = () => false;
  /** What happens when a handler throws what nobody expected; set before `begin`. */
  onDefect: (error: unknown) => void = (error) => {
    throw error;
  };
  readonly #config: Config;
  readonly #gateway: GatewayHandler | undefined;
  readonly #listeners: Listener[] = [];
  readonly #metricsListeners: Listener[] = [];
  readonly #clients: BoundListener[] = [];
  #clientUrl: string | undefined;

  constructor(config: Config, observer: GrpcObserver, tracer?: CallTracer) {
    this.#config = config;
    const maxMessageBytes = config.maxRequestBytes + SERVER_LIMITS.messageOverheadBytes;
    this.grpc = new GrpcServer({
      maxReceiveMessageBytes: maxMessageBytes,
      maxSendMessageBytes: MAX_SEND_BYTES,
      clock: systemClock,
      observer,
      tracer,
      slowCalls: slowCallWarning(config),
    });
    this.#gateway = config.enableGrpcGateway
      ? lazyGateway(
        () =>
          loadGateway({
            grpc: this.grpc,
            maxMessageBytes,
            usesCommonNames: () => this.usesCommonNames(),
          }),
        (error) => this.onDefect(error),
      )
      : undefined;
  }

  /** The client listeners. */
  get clients(): readonly BoundListener[] {
    return this.#clients;
  }

  /** The URL of the first client listener; "" before `bind`. */
  get clientUrl(): string {
    return this.#clientUrl ?? "";
  }

  /** Connections of clients, of whatever protocol. */
  get connectionCount(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.connectionCount, 0);
  }

  /**
   * Binds all sockets. Connections are accepted and wait until `begin`. Rejects, with nothing
   * left open, when one cannot be bound.
   */
  async bind(): Promise<void> {
    const { listenClientUrls, listenClientHttpUrls, listenMetricsUrls } = this.#config;
    try {
      const tls = await prepareClientTls(this.#config);
      const httpSeparate = listenClientHttpUrls.length > 0;
      for (const target of listenTargets(listenClientUrls)) {
        const routes = httpSeparate ? undefined : this.clientRoutes;
        const { address, port } = await this.#listen(target, tls.clients, routes, this.grpc);
        this.#clients.push({ url: target.url.toString(), address, port });
        this.#clientUrl ??= reachableUrl(target.url, address);
      }
      for (const target of listenTargets(listenClientHttpUrls)) {
        this.#refuseShared(target.url);
        await this.#listen(target, tls.clients, this.clientRoutes, undefined);
      }
      for (const target of listenTargets(listenMetricsUrls)) {
        const listener = await this.#listen(target, tls.metrics, this.metricsRoutes, undefined);
        this.#metricsListeners.push(listener);
      }
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  /** Starts to answer on the metrics URLs alone: who looks after a member does so from the start. */
  beginMetrics(): void {
    for (const listener of this.#metricsListeners) listener.begin();
  }

  /** Starts to answer on all URLs. */
  begin(): void {
    for (const listener of this.#listeners) listener.begin();
  }

  /** Stops listening, lets what is under way finish for `graceMs` and ends the rest. */
  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close({ graceMs })));
    this.grpc.close();
  }

  #refuseShared(url: EndpointUrl): void {
    const key = addressKey(url);
    const isShared = this.#config.listenClientUrls.some((other) => addressKey(other) === key);
    if (url.port === "0" || !isShared) return;
    throw new ConfigError(
      `cannot bind both --listen-client-urls and --listen-client-http-urls on the same url ${url}`,
    );
  }

  /** Listens for HTTP, if there are routes, and for gRPC, if there is a server for it. */
  async #listen(
    { url, isPlain, isSecure }: ListenTarget,
    tls: TlsGate | undefined,
    routes: Routes | undefined,
    grpc: GrpcServer | undefined,
  ): Promise<Listener> {
    const { userHandlers } = this.#config;
    const logger = this.#config.getLogger("http");
    const isForClients = routes === this.clientRoutes;
    const http = routes && httpApi({
      routes,
      userHandlers: isForClients ? userHandlers : new Map(),
      gateway: isForClients ? this.#gateway : undefined,
      logger,
      access: isForClients ? accessPolicy(this.#config) : undefined,
    });
    const listener = await listen({
      address: listenAddressOf(url, this.#config.socketOpts),
      listenerLimits: connectionLimits(this.#config.getLogger("embed")),
      handler: new ProtocolSplit(grpc, http),
      maxConcurrentStreams: this.#config.maxConcurrentStreams,
      keepAliveIntervalMs: this.#config.grpcKeepAliveIntervalMs,
      keepAliveTimeoutMs: this.#config.grpcKeepAliveTimeoutMs,
      minClientPingIntervalMs: this.#config.grpcKeepAliveMinTimeMs,
      held: true,
      plain: isPlain,
      ...(isSecure && tls !== undefined ? { tls } : {}),
      onDefect: (error) => this.onDefect(error),
      ...(http === undefined ? {} : { http1: http }),
    }).catch((error: unknown) => {
      throw new ListenError(url.toString(), error);
    });
    this.#listeners.push(listener);
    return listener;
  }
}

/** Whose requests over HTTP are answered on the client URLs. */
function accessPolicy({ cors, hostWhitelist }: Config): AccessPolicy {
  return { origins: cors, hosts: hostWhitelist };
}

/** A URL that cannot be listened on; the message says why and what to do. */
export class ListenError extends Error {
  /** The name of the class. */
  override name = "ListenError";

  /** Makes the error for a URL. */
  constructor(url: string, cause: unknown) {
    const reason = messageOf(cause);
    super(`Cannot listen on ${url}: ${reason}. Free the address or choose another one`, { cause });
  }
}
