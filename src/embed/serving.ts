import { httpApi } from "../api/http/http_api.ts";
import type { AccessPolicy } from "../api/http/access_control.ts";
import type { HttpHandler } from "../api/http/http_message.ts";
import { systemClock } from "../base/clock.ts";
import type { EndpointUrl } from "../base/endpoint_url.ts";
import type { GrpcObserver } from "../net/grpc/observer.ts";
import { GrpcServer } from "../net/grpc/server.ts";
import { ProtocolSplit } from "../net/http/http2_exchange.ts";
import { listen, type Listener } from "../net/listener.ts";
import type { Config } from "./config/config.ts";
import { ConfigError } from "./config/errors.ts";
import { type BoundListener, distinctAddresses, listenAddressOf } from "./listeners.ts";

/** gRPC messages may be larger than a request by what stands around it. */
const RECEIVE_OVERHEAD_BYTES = 512 * 1024;
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
  /** What happens when a handler throws what nobody expected; set before `begin`. */
  onDefect: (error: unknown) => void = (error) => {
    throw error;
  };
  readonly #config: Config;
  readonly #listeners: Listener[] = [];
  readonly #metricsListeners: Listener[] = [];
  readonly #clients: BoundListener[] = [];

  constructor(config: Config, observer: GrpcObserver) {
    this.#config = config;
    this.grpc = new GrpcServer({
      maxReceiveMessageBytes: config.maxRequestBytes + RECEIVE_OVERHEAD_BYTES,
      maxSendMessageBytes: MAX_SEND_BYTES,
      clock: systemClock,
      observer,
    });
  }

  /** The client listeners. */
  get clients(): readonly BoundListener[] {
    return this.#clients;
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
      const httpSeparate = listenClientHttpUrls.length > 0;
      for (const url of distinctAddresses(listenClientUrls)) {
        const routes = httpSeparate ? undefined : this.clientRoutes;
        const listener = await this.#listen(url, routes, this.grpc);
        const { address, port } = listener;
        this.#clients.push({ url: url.toString(), address, port });
      }
      for (const url of distinctAddresses(listenClientHttpUrls)) {
        this.#refuseShared(url);
        await this.#listen(url, this.clientRoutes, undefined);
      }
      for (const url of distinctAddresses(listenMetricsUrls)) {
        const listener = await this.#listen(url, this.metricsRoutes, undefined);
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
    if (url.port === "0" || !this.#config.listenClientUrls.some(({ host }) => host === url.host)) {
      return;
    }
    throw new ConfigError(
      `cannot bind both --listen-client-urls and --listen-client-http-urls on the same url ${url}`,
    );
  }

  /** Listens for HTTP, if there are routes, and for gRPC, if there is a server for it. */
  async #listen(
    url: EndpointUrl,
    routes: Routes | undefined,
    grpc: GrpcServer | undefined,
  ): Promise<Listener> {
    const { userHandlers } = this.#config;
    const logger = this.#config.getLogger("http");
    const http = routes === undefined ? undefined : httpApi({
      routes,
      userHandlers: routes === this.clientRoutes ? userHandlers : new Map(),
      logger,
      access: routes === this.clientRoutes ? accessPolicy(this.#config) : undefined,
    });
    const listener = await listen({
      address: listenAddressOf(url),
      handler: new ProtocolSplit(grpc, http),
      maxConcurrentStreams: this.#config.maxConcurrentStreams,
      keepAliveIntervalMs: this.#config.grpcKeepAliveIntervalMs,
      keepAliveTimeoutMs: this.#config.grpcKeepAliveTimeoutMs,
      minClientPingIntervalMs: this.#config.grpcKeepAliveMinTimeMs,
      held: true,
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
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot listen on ${url}: ${reason}. Free the address or choose another one`, { cause });
  }
}
