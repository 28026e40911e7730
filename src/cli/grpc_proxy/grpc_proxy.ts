import { hostname } from "node:os";
import type { Logger } from "../../base/log.ts";
import { Client } from "../../embed/client/client.ts";
import type { ChannelOptions } from "../../embed/client/transport/grpc_channel.ts";
import { openTransport } from "../../embed/client/transport/network_transport.ts";
import { ConfigError } from "../../embed/config/errors.ts";
import { ListenError, Serving } from "../../embed/serving.ts";
import {
  AUTH_SERVICE,
  ELECTION_SERVICE,
  LOCK_SERVICE,
  MAINTENANCE_SERVICE,
} from "../../pb/services.ts";
import { OpenStreams } from "../../server/open_streams.ts";
import type { FlagSet } from "../ctl/flags/flag_set.ts";
import { ProxyError, type ProxyHost, type RunningProxy, runProxy } from "../proxy/proxy_host.ts";
import { CallLog } from "./call_log.ts";
import { registerCluster } from "./cluster_proxy.ts";
import { EndpointSync } from "./endpoint_sync.ts";
import { checkGrpcProxyFlags, GRPC_PROXY_COMMAND } from "./flags.ts";
import { Forwarder } from "./forwarding.ts";
import { proxyRoutes } from "./http_routes.ts";
import { KvProxy } from "./kv_proxy.ts";
import { DirectKv } from "./kv_servers.ts";
import { registerLeases } from "./lease_proxy.ts";
import { Leasing } from "./leasing/leasing.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";
import { listenConfig } from "./listening.ts";
import { Namespace } from "./namespace.ts";
import { RangeCache } from "./range_cache.ts";
import { ReadOrdering } from "./read_ordering.ts";
import { ProxyRegistration } from "./registration.ts";
import { channelOptionsOf, endpointsOf } from "./servers.ts";
import { Upstream } from "./upstream.ts";
import { ProxyWatchHub } from "./watch_hub.ts";
import { WatchProxy } from "./watch_proxy.ts";

/** Serves clients out of a cluster until a signal ends it. */
export function grpcProxyMain(args: readonly string[], host: ProxyHost): Promise<number> {
  return runProxy(GRPC_PROXY_COMMAND, args, host, async (flags, logger) => {
    checkGrpcProxyFlags(flags);
    const endpoints = await endpointsOf(flags, logger);
    const options = await channelOptionsOf(flags);
    const upstream = await Upstream.open(endpoints, options, host.clock).catch((error) => {
      throw error instanceof TypeError ? new ProxyError(error.message, { cause: error }) : error;
    });
    const proxy = new GrpcProxy({ flags, logger, host, endpoints, options, upstream });
    try {
      await proxy.start();
      return proxy;
    } catch (error) {
      await proxy.close();
      const isUsers = error instanceof ConfigError || error instanceof ListenError;
      throw isUsers ? new ProxyError(error.message, { cause: error }) : error;
    }
  });
}

interface ProxyParts {
  readonly flags: FlagSet;
  readonly logger: Logger;
  readonly host: ProxyHost;
  readonly endpoints: readonly string[];
  readonly options: ChannelOptions;
  readonly upstream: Upstream;
}

/** A running proxy. */
class GrpcProxy implements RunningProxy {
  readonly #parts: ProxyParts;
  readonly #serving: Serving;
  readonly #cache = new RangeCache();
  readonly #hub: ProxyWatchHub;
  readonly #namespace: Namespace;
  readonly #servers: DirectKv;
  readonly #leasing: Leasing | undefined;
  #registration: ProxyRegistration | undefined;
  #sync: EndpointSync | undefined;
  /** Profiles that are being made. */
  readonly #streams = new OpenStreams();
  readonly #stopping = Promise.withResolvers<void>();

  constructor(parts: ProxyParts) {
    const { flags, logger, host, upstream } = parts;
    this.#parts = parts;
    this.#namespace = new Namespace(flags.text("namespace"));
    this.#hub = new ProxyWatchHub(upstream, this.#namespace, host.clock);
    const ordering = flags.bool("experimental-serializable-ordering")
      ? new ReadOrdering(() => upstream.endpoints.length)
      : undefined;
    this.#servers = new DirectKv(upstream, ordering);
    this.#leasing = leasingOf(parts, this.#servers);
    this.#serving = new Serving(listenConfig(flags), new CallLog(logger, isLogging(flags)));
    this.#serving.onDefect = (error) => logger.error("a call failed by a defect", { error });
  }

  async start(): Promise<void> {
    const { flags, logger } = this.#parts;
    await this.#serving.bind();
    await this.#register();
    this.#addServices();
    await this.#addRoutes();
    this.#serving.begin();
    this.#leasing?.start();
    this.#syncEndpoints();
    logger.info("started gRPC proxy", { address: flags.text("listen-addr") });
  }

  async close(): Promise<void> {
    this.#stopping.resolve();
    this.#streams.endAll();
    this.#sync?.stop();
    await this.#registration?.close();
    await this.#leasing?.close();
    const closing = this.#serving.close(GRPC_PROXY_LIMITS.closeGraceMs);
    // Streams end only with those behind them.
    this.#hub.close();
    this.#parts.upstream.close();
    await closing;
  }

  #syncEndpoints(): void {
    const { flags, upstream, host, logger } = this.#parts;
    const intervalMs = flags.durationMs("endpoints-auto-sync-interval");
    if (intervalMs <= 0) return;
    this.#sync = new EndpointSync(upstream, intervalMs, host.clock, logger);
    this.#sync.start();
  }

  /** Makes this proxy known to others if that is wanted. */
  async #register(): Promise<void> {
    const { flags, logger, host, endpoints, options } = this.#parts;
    const prefix = flags.text("resolver-prefix");
    if (prefix === "") return;
    const transport = await openTransport(endpoints, options, host.clock);
    this.#registration = new ProxyRegistration(
      new Client(transport, host.clock),
      {
        prefix,
        address: flags.text("advertise-client-url"),
        ttlSeconds: flags.int64("resolver-ttl"),
        name: hostname(),
      },
      logger,
      host.clock,
    );
    this.#registration.start();
  }

  #addServices(): void {
    const { flags, upstream, host } = this.#parts;
    const { grpc } = this.#serving;
    const forwarder = new Forwarder(upstream, host.clock);
    new KvProxy(forwarder, this.#cache, this.#namespace, this.#servers, this.#leasing).register(
      grpc,
    );
    new WatchProxy(this.#hub, this.#namespace).register(grpc);
    registerLeases(grpc, forwarder, this.#namespace);
    registerCluster(grpc, forwarder, {
      clientUrl: flags.text("advertise-client-url"),
      registration: this.#registration,
    });
    // To these the proxy has nothing to add.
    const services = [MAINTENANCE_SERVICE, AUTH_SERVICE, LOCK_SERVICE, ELECTION_SERVICE];
    for (const { path, responseStream } of services.flatMap((all) => Object.values(all))) {
      if (responseStream) grpc.addStream(path, forwarder.stream(), "server_stream");
      else grpc.addUnary(path, forwarder.unary());
    }
  }

  async #addRoutes(): Promise<void> {
    const { flags, upstream, host, options: { tls } } = this.#parts;
    const routes = proxyRoutes({
      upstream,
      cache: this.#cache,
      hub: this.#hub,
      leasing: this.#leasing,
      tls,
    });
    for (const [path, handler] of routes) {
      this.#serving.clientRoutes.set(path, handler);
      this.#serving.metricsRoutes.set(path, handler);
    }
    if (!flags.bool("enable-pprof")) return;
    const { pprofHandlers } = await import("../../api/http/debug/pprof.ts");
    const program = {
      config: { clock: host.clock },
      streams: this.#streams,
      stoppingNotify: this.#stopping.promise,
    };
    for (const [path, handler] of pprofHandlers(program)) {
      this.#serving.clientRoutes.set(path, handler);
    }
  }
}

function leasingOf(
  { flags, upstream, host, logger }: ProxyParts,
  servers: DirectKv,
): Leasing | undefined {
  const prefix = flags.text("experimental-leasing-prefix");
  if (prefix === "") return undefined;
  const namespace = flags.text("namespace");
  return new Leasing({ servers, upstream, clock: host.clock, logger, namespace, prefix });
}

function isLogging(flags: FlagSet): boolean {
  return flags.bool("experimental-enable-grpc-logging");
}
