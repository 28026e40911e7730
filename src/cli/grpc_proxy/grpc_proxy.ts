import { httpApi } from "../../api/http/http_api.ts";
import { AddressError, splitHostPort } from "../../base/host_port.ts";
import type { Logger } from "../../base/log.ts";
import { Client } from "../../embed/client/client.ts";
import type { ClientTls } from "../../embed/client/grpc_channel.ts";
import { openTransport } from "../../embed/client/network_transport.ts";
import { GrpcServer } from "../../net/grpc/server.ts";
import { listen, type Listener } from "../../net/listener.ts";
import {
  AUTH_SERVICE,
  ELECTION_SERVICE,
  LOCK_SERVICE,
  MAINTENANCE_SERVICE,
} from "../../pb/services.ts";
import type { FlagSet } from "../ctl/flags/flag_set.ts";
import { ProxyError, type ProxyHost, type RunningProxy, runProxy } from "../proxy/proxy_host.ts";
import { srvEndpoints } from "../proxy/srv_endpoints.ts";
import { CallLog } from "./call_log.ts";
import { registerCluster } from "./cluster_proxy.ts";
import { checkGrpcProxyFlags, GRPC_PROXY_COMMAND } from "./flags.ts";
import { Forwarder } from "./forwarding.ts";
import { proxyRoutes } from "./http_routes.ts";
import { KvProxy } from "./kv_proxy.ts";
import { registerLeases } from "./lease_proxy.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";
import { Namespace } from "./namespace.ts";
import { RangeCache } from "./range_cache.ts";
import { ProxyRegistration } from "./registration.ts";
import { Upstream } from "./upstream.ts";
import { ProxyWatchHub } from "./watch_hub.ts";
import { WatchProxy } from "./watch_proxy.ts";

/** Serves clients out of a cluster until a signal ends it. */
export function grpcProxyMain(args: readonly string[], host: ProxyHost): Promise<number> {
  return runProxy(GRPC_PROXY_COMMAND, args, host, (flags, logger) => {
    checkGrpcProxyFlags(flags);
    return GrpcProxy.start(flags, logger, host);
  });
}

/** A running proxy. */
class GrpcProxy implements RunningProxy {
  readonly #flags: FlagSet;
  readonly #logger: Logger;
  readonly #host: ProxyHost;
  readonly #endpoints: readonly string[];
  readonly #upstream: Upstream;
  readonly #grpc: GrpcServer;
  readonly #cache = new RangeCache();
  readonly #hub: ProxyWatchHub;
  readonly #namespace: Namespace;
  readonly #listeners: Listener[] = [];
  #registration: ProxyRegistration | undefined;

  private constructor(
    flags: FlagSet,
    logger: Logger,
    host: ProxyHost,
    endpoints: readonly string[],
    upstream: Upstream,
  ) {
    this.#flags = flags;
    this.#logger = logger;
    this.#host = host;
    this.#endpoints = endpoints;
    this.#upstream = upstream;
    this.#namespace = new Namespace(flags.text("namespace"));
    this.#hub = new ProxyWatchHub(upstream, this.#namespace, host.clock);
    const observer = flags.bool("experimental-enable-grpc-logging")
      ? new CallLog(logger)
      : undefined;
    this.#grpc = new GrpcServer({
      maxReceiveMessageBytes: flags.int64("max-send-bytes"),
      maxSendMessageBytes: flags.int64("max-recv-bytes"),
      clock: host.clock,
      ...(observer === undefined ? {} : { observer }),
    });
  }

  static async start(flags: FlagSet, logger: Logger, host: ProxyHost): Promise<GrpcProxy> {
    const endpoints = await endpointsOf(flags, logger);
    const options = await channelOptionsOf(flags);
    const upstream = await Upstream.open(endpoints, options, host.clock);
    const proxy = new GrpcProxy(flags, logger, host, endpoints, upstream);
    try {
      await proxy.#register(options);
      await proxy.#listen();
      return proxy;
    } catch (error) {
      await proxy.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#registration?.close();
    this.#hub.close();
    const graceMs = GRPC_PROXY_LIMITS.closeGraceMs;
    const closing = Promise.all(this.#listeners.map((listener) => listener.close({ graceMs })));
    this.#upstream.close();
    await closing;
    this.#grpc.close();
  }

  async #register(options: Awaited<ReturnType<typeof channelOptionsOf>>): Promise<void> {
    const flags = this.#flags;
    const [prefix, address] = [flags.text("resolver-prefix"), flags.text("advertise-client-url")];
    if (prefix !== "") {
      const transport = await openTransport(this.#endpoints, options, this.#host.clock);
      this.#registration = new ProxyRegistration(
        new Client(transport, this.#host.clock),
        { prefix, address, ttlSeconds: flags.int64("resolver-ttl") },
        this.#logger,
        this.#host.clock,
      );
      this.#registration.start();
    }
    const forwarder = new Forwarder(this.#upstream, this.#host.clock);
    new KvProxy(forwarder, this.#cache, this.#namespace).register(this.#grpc);
    new WatchProxy(this.#hub, this.#namespace).register(this.#grpc);
    registerLeases(this.#grpc, forwarder, this.#namespace);
    registerCluster(this.#grpc, forwarder, {
      clientUrl: address,
      registration: this.#registration,
    });
    this.#passOn(forwarder);
  }

  /** What the proxy has nothing to add to. */
  #passOn(forwarder: Forwarder): void {
    const services = [MAINTENANCE_SERVICE, AUTH_SERVICE, LOCK_SERVICE, ELECTION_SERVICE];
    for (const service of services) {
      for (const { path, responseStream } of Object.values(service)) {
        if (responseStream) this.#grpc.addStream(path, forwarder.stream(), "server_stream");
        else this.#grpc.addUnary(path, forwarder.unary());
      }
    }
  }

  async #listen(): Promise<void> {
    const address = this.#flags.text("listen-addr");
    await this.#listenOn(addressOf(address, "listen-addr"));
    const metricsUrl = this.#flags.text("metrics-addr");
    if (metricsUrl !== "") {
      const metricsAddress = metricsUrl.replace(/^http:\/\//, "");
      await this.#listenOn(addressOf(metricsAddress, "metrics-addr"));
    }
    this.#logger.info("started gRPC proxy", { address });
  }

  async #listenOn({ host, port }: { host: string; port: number }): Promise<void> {
    const flags = this.#flags;
    const routes = proxyRoutes({
      upstream: this.#upstream,
      endpoints: this.#endpoints.map((text) => text.includes("://") ? text : `http://${text}`),
      cache: this.#cache,
      hub: this.#hub,
    });
    const http1 = httpApi({ routes, userHandlers: new Map(), logger: this.#logger });
    try {
      this.#listeners.push(
        await listen({
          address: { host, port },
          handler: this.#grpc,
          http1,
          maxConcurrentStreams: flags.int64("max-concurrent-streams"),
          keepAliveIntervalMs: flags.durationMs("grpc-keepalive-interval"),
          keepAliveTimeoutMs: flags.durationMs("grpc-keepalive-timeout"),
          minClientPingIntervalMs: flags.durationMs("grpc-keepalive-min-time"),
          onDefect: (error) => this.#logger.error("a call failed by a defect", { error }),
        }),
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ProxyError(`cannot listen on ${host}:${port}: ${why}`, { cause: error });
    }
  }
}

async function endpointsOf(flags: FlagSet, logger: Logger): Promise<readonly string[]> {
  const domain = flags.text("discovery-srv");
  const serviceName = flags.text("discovery-srv-name");
  const isInsecure = flags.bool("insecure-discovery");
  const found = domain === ""
    ? []
    : await srvEndpoints({ domain, serviceName, isInsecure }, logger);
  const endpoints = found.length > 0 ? found.map(({ url }) => url) : flags.texts("endpoints");
  if (endpoints.length === 0) throw new ProxyError("no endpoints found");
  // With a certificate the servers are spoken to over TLS, whatever their addresses say.
  const isSecure = flags.text("cacert") !== "" || flags.text("cert") !== "";
  return endpoints.map((text) => isSecure && !text.includes("://") ? `https://${text}` : text);
}

async function channelOptionsOf(flags: FlagSet) {
  const keepAliveTimeMs = flags.durationMs("dial-keepalive-time");
  return {
    ...(keepAliveTimeMs > 0 ? { keepAliveTimeMs } : {}),
    keepAliveTimeoutMs: flags.durationMs("dial-keepalive-timeout"),
    keepAliveWithoutCalls: flags.bool("permit-without-stream"),
    tls: await tlsOf(flags),
  };
}

async function tlsOf(flags: FlagSet): Promise<ClientTls> {
  const [ca, cert, key] = await Promise.all(
    ["cacert", "cert", "key"].map((name) => fileOf(flags.text(name))),
  );
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    insecureSkipVerify: flags.bool("insecure-skip-tls-verify"),
  };
}

async function fileOf(path: string): Promise<Uint8Array | undefined> {
  if (path === "") return undefined;
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProxyError(`cannot read ${path}: ${why}`, { cause: error });
  }
}

function addressOf(address: string, flag: string): { host: string; port: number } {
  try {
    const { host, port } = splitHostPort(address);
    return { host: host === "" ? "0.0.0.0" : host, port: Number(port) };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new ProxyError(`failed to validate --${flag}: ${address}`, { cause: error });
  }
}
