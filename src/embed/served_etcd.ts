import { HealthCounts } from "../api/http/health_counts.ts";
import { DiskDurations } from "../api/metrics/disk_durations.ts";
import { GrpcCounts } from "../api/metrics/grpc_counts.ts";
import type { MetricsSource } from "../api/metrics/metrics_source.ts";
import { ScrapeCounts } from "../api/metrics/scrape_counts.ts";
import { registerServices } from "../api/v3/services.ts";
import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { AuthOptionsError } from "../server/auth/auth_options_error.ts";
import { EtcdServer } from "../server/etcd_server.ts";
import { requestTimeoutMs } from "../server/server_config.ts";
import type { Config } from "./config/config.ts";
import { ConfigError } from "./config/errors.ts";
import { DescriptorWatch } from "./file_descriptors.ts";
import { type BoundListener, withRealPorts } from "./listeners.ts";
import { memberConfig } from "./member_config.ts";
import { lockMemory } from "./memory_lock.ts";
import { addOperatorRoutes } from "./operator_routes.ts";
import { RunningServer } from "./running_server.ts";
import { SlowDiskWarning } from "./slow_disk.ts";
import type { Tracing } from "./tracing.ts";
import { Serving } from "./serving.ts";

/** What a running server is made of. */
export interface EtcdParts {
  readonly config: Config;
  readonly server: EtcdServer;
  readonly serving: Serving;
  readonly tracing: Tracing | undefined;
}

/**
 * A running server and its listeners, without the client in the same process, which a server that
 * runs alone has no use for.
 */
export class ServedEtcd implements AsyncDisposable {
  /** The member itself: readiness, IDs, revision, leader. */
  readonly server: RunningServer;
  /** The listeners for other members; none until clusters are supported. */
  readonly peers: readonly BoundListener[] = [];
  readonly #config: Config;
  readonly #serving: Serving;
  readonly #tracing: Tracing | undefined;
  readonly #member: EtcdServer;
  readonly #logger: Logger;
  readonly #descriptors: DescriptorWatch;
  readonly #error = Promise.withResolvers<Error | undefined>();
  #closing: Promise<void> | undefined;

  /** Use {@linkcode startServedEtcd}. */
  constructor({ config, server, serving, tracing }: EtcdParts) {
    this.#config = config;
    this.#member = server;
    this.server = new RunningServer(server);
    this.#serving = serving;
    this.#tracing = tracing;
    this.#logger = config.getLogger("embed");
    this.#descriptors = new DescriptorWatch(systemClock, this.#logger);
    this.#member.stopNotify.then(() => this.#serverStopped());
  }

  /** The client listeners with the ports they really have. */
  get clients(): readonly BoundListener[] {
    return this.#serving.clients;
  }

  /**
   * The URL of the first client listener, for {@linkcode connect} and for etcdctl; "" if none was
   * asked for.
   */
  get clientUrl(): string {
    return this.#serving.clientUrl;
  }

  /** A copy of the configuration that the server runs with. */
  config(): Config {
    return this.#config.clone();
  }

  /**
   * Tells the fatal error of the server, for example of a disk that failed, and ends when the
   * server has stopped; without an error it only ends.
   */
  async *err(): AsyncGenerator<Error, void> {
    const error = await this.#error.promise;
    if (error !== undefined) yield error;
  }

  /**
   * Stops the server gracefully: it stops listening, lets requests that are under way finish, ends
   * the rest, and closes its files. Safe at any time, also before the server is ready, and more
   * than once.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Closes the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Ends the clients in the same process. */
  protected closeClients(): Promise<void> {
    return Promise.resolve();
  }

  /** Starts to work; called once, at the start. */
  begin(): void {
    this.#member.start();
    this.#descriptors.start();
    this.#serving.beginMetrics();
    this.#member.readyNotify.then(() => {
      this.#serving.begin();
      for (const { url, address } of this.clients) {
        this.#logger.info("ready to serve client requests", { url, address });
      }
    }, () => {
      // Whoever waits for readiness is told; a server that never got ready serves nobody.
    });
  }

  async #close(): Promise<void> {
    this.#logger.info("closing etcd server", { name: this.#config.name });
    const graceMs = this.#member.isReady ? requestTimeoutMs(this.#member.config) : 0;
    this.#descriptors.stop();
    await this.closeClients();
    this.#member.streams.endAll();
    await this.#serving.close(graceMs);
    await this.#tracing?.close();
    await this.#member.stop();
    this.#logger.info("closed etcd server", { name: this.#config.name });
  }

  #serverStopped(): void {
    const { failure } = this.#member;
    if (failure === undefined) this.#error.resolve(undefined);
    else this.#error.resolve(failure instanceof Error ? failure : new Error(String(failure)));
    // A member that stopped by itself must not go on accepting connections.
    this.close().catch(() => {});
  }
}

/**
 * Starts a server, as `make` wants to hold it. Throws a ConfigError when the configuration is wrong,
 * a ListenError when a URL cannot be listened on and a DiskError when the data directory cannot be
 * used; nothing is left open then.
 */
export async function startServedEtcd<E extends ServedEtcd>(
  userConfig: Config,
  make: (parts: EtcdParts) => E,
): Promise<E> {
  userConfig.validate();
  const config = userConfig.clone();
  if (config.memoryMlock) lockMemory();
  const grpc = new GrpcCounts({ timed: config.metrics === "extensive" });
  const disk = new DiskDurations();
  const tracing = config.enableDistributedTracing ? await startTracing(config) : undefined;
  const serving = new Serving(config, grpc, tracing);
  try {
    await serving.bind();
    const advertised = withRealPorts(config.advertiseClientUrls, serving.clients);
    const watchedDisk = new SlowDiskWarning(disk, config.getLogger("server"));
    const server = await EtcdServer.open(await memberConfig(config, advertised, watchedDisk));
    try {
      await offerServices(config, serving, {
        server,
        grpc,
        disk,
        health: new HealthCounts(),
        scrapes: new ScrapeCounts(),
        clients: serving,
        features: config.serverFeatureGate.states(),
      });
      const etcd = make({ config, server, serving, tracing });
      etcd.begin();
      return etcd;
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    await serving.close(0);
    await tracing?.close();
    throw error instanceof AuthOptionsError
      ? new ConfigError(error.message, { cause: error })
      : error;
  }
}

/** Puts what a member answers behind its listeners; throws what the embedder's own part throws. */
async function offerServices(
  config: Config,
  serving: Serving,
  source: MetricsSource,
): Promise<void> {
  const { server } = source;
  await addOperatorRoutes(serving, config, source);
  registerServices(serving.grpc, server);
  serving.usesCommonNames = () => server.auth.enabled && server.auth.usesCommonNames;
  serving.onDefect = (error) => server.fail(error);
  config.serviceRegister?.(serving.grpc);
}

/** Loaded only when somebody wants traces: the libraries take memory and time to load. */
async function startTracing(config: Config): Promise<Tracing> {
  const { Tracing } = await import("./tracing.ts");
  return new Tracing(config);
}
