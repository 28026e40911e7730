import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Client } from "../../embed/client/client.ts";
import type { Lease } from "../../embed/client/leases/lease.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";

/** A proxy that clients can connect to. */
interface RegisteredProxy {
  readonly name: string;
  readonly address: string;
}

/** Where and how a proxy makes itself known. */
interface RegistrationOptions {
  readonly prefix: string;
  readonly address: string;
  readonly ttlSeconds: number;
  readonly name: string;
}

/**
 * Makes this proxy known under a prefix that all proxies of the cluster share, for as long as it runs,
 * in the form that etcd's resolvers read; and knows who else is there.
 */
export class ProxyRegistration {
  readonly #client: Client;
  readonly #options: RegistrationOptions;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #proxies = new Map<string, RegisteredProxy>();
  readonly #stopping = new AbortController();
  #lease: Lease | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(client: Client, options: RegistrationOptions, logger: Logger, clock: Clock) {
    this.#client = client;
    this.#options = options;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Those that are registered, as far as it is known here. */
  proxies(): RegisteredProxy[] {
    return [...this.#proxies.values()];
  }

  start(): void {
    this.#work = Promise.all([
      this.#again("register the proxy", () => this.#register()),
      this.#again("watch for other proxies", () => this.#watch()),
    ]);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    // Who asks from now on must not be sent here. This ends the renewal, too.
    await this.#lease?.revoke().catch(() => {});
    await this.#client.close();
    await this.#work;
  }

  /** Does something that is meant to go on for ever again whenever it ends. */
  async #again(what: string, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (!signal.aborted) this.#logger.warn(`failed to ${what}`, { error });
      }
      if (!signal.aborted) await this.#pause();
    }
  }

  async #register(): Promise<void> {
    const { prefix, address, ttlSeconds, name } = this.#options;
    this.#lease = await this.#client.grantLease(ttlSeconds);
    const metadata = JSON.stringify({ name });
    const value = JSON.stringify({ Op: 0, Addr: address, Metadata: metadata });
    await this.#client.put(`${prefix}/${address}`, value, { lease: this.#lease.id });
    this.#logger.info("registered proxy", { prefix, address });
    await this.#lease.keepAlive();
  }

  async #watch(): Promise<void> {
    const prefix = `${this.#options.prefix}/`;
    const { kvs, revision } = await this.#client.range(prefix, { prefix: true });
    this.#proxies.clear();
    for (const pair of kvs) this.#note(pair.key, pair.text);
    const watch = this.#client.watch(prefix, {
      prefix: true,
      startRevision: revision + 1,
      signal: this.#stopping.signal,
    });
    for await (const { events } of watch) {
      for (const { type, kv } of events) {
        if (type === "put") this.#note(kv.key, kv.text);
        else this.#proxies.delete(kv.key);
      }
    }
  }

  #note(key: string, text: string): void {
    const proxy = parseProxy(text);
    if (proxy !== undefined) this.#proxies.set(key, proxy);
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(GRPC_PROXY_LIMITS.registerRetryMs, resolve);
    const stop = (): void => resolve();
    const { signal } = this.#stopping;
    signal.addEventListener("abort", stop);
    return promise.finally(() => {
      timer.cancel();
      signal.removeEventListener("abort", stop);
    });
  }
}

/** Reads what a proxy has written about itself; undefined if it is something else. */
function parseProxy(text: string): RegisteredProxy | undefined {
  try {
    const { Addr: address, Metadata: metadata } = JSON.parse(text);
    const { name } = JSON.parse(String(metadata));
    return { name: String(name), address: String(address) };
  } catch {
    return undefined;
  }
}
