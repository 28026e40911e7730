import { registerServices } from "../api/v3/services.ts";
import { systemClock } from "../base/clock.ts";
import type { EtcdServer } from "../server/etcd_server.ts";
import { withCredentials } from "./client/transport/authenticated_transport.ts";
import { Client } from "./client/client.ts";
import type { Credentials } from "./client/transport/credentials.ts";
import { LocalTransport } from "./client/transport/local_transport.ts";
import type { Config } from "./config/config.ts";
import { logTapeLog } from "./log/logtape_log.ts";
import { useHostLog } from "./logging.ts";
import { ReadyTransport } from "./ready_transport.ts";
import { type EtcdParts, ServedEtcd, startServedEtcd } from "./served_etcd.ts";

// Whoever embeds servers imports this; the command line starts them without it.
useHostLog(logTapeLog);

/**
 * A running server and its listeners. Disposing of it closes it.
 *
 * @example Waiting for a fatal error
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * const etcd = await startEtcd(newMemoryConfig());
 * const watched = (async () => {
 *   for await (const error of etcd.err()) console.error("etcd failed:", error.message);
 * })();
 * console.log("listens on", etcd.clientUrl);
 * await etcd.close();
 * await watched;
 * ```
 */
export class Etcd extends ServedEtcd {
  readonly #member: EtcdServer;
  readonly #transports = new Set<LocalTransport>();

  /** Use {@linkcode startEtcd}. */
  constructor(parts: EtcdParts) {
    super(parts);
    this.#member = parts.server;
  }

  /**
   * A client in the same process: it calls the server without a socket. Its calls wait until the
   * server is ready. Closing the server ends it. With authentication enabled it needs credentials
   * like any other client; its first call shows them to the server. Throws a TypeError for
   * credentials that lack a part.
   */
  client(credentials: Credentials = {}): Client {
    // A program may make a client for each thing it does, so none is held longer than it lives.
    const transport: LocalTransport = new LocalTransport(
      systemClock,
      () => this.#transports.delete(transport),
    );
    const ready = new ReadyTransport(transport, this.#member);
    const client = new Client(withCredentials(ready, systemClock, credentials));
    registerServices(transport, this.#member);
    this.#transports.add(transport);
    return client;
  }

  /** Ends the clients in the same process. */
  protected override async closeClients(): Promise<void> {
    for (const transport of this.#transports) await transport.close();
  }
}

/**
 * Starts a server. The promise resolves when it listens; `etcd.server.readyNotify()` resolves when it
 * serves. Throws a ConfigError when the configuration is wrong, a ListenError when a URL cannot be
 * listened on and a DiskError when the data directory cannot be used; nothing is left open then.
 *
 * @example One server for a test, in memory and on a free port
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * await client.put("greeting", "hello");
 * const pair = await client.get("greeting");
 * if (pair?.text !== "hello") throw new Error("not stored");
 * ```
 */
export function startEtcd(config: Config): Promise<Etcd> {
  return startServedEtcd(config, (parts) => new Etcd(parts));
}
