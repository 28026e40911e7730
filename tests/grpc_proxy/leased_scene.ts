import { LEASE_SERVICE } from "../../src/pb/services.ts";
import type { KeyValue } from "../../src/pb/mvccpb.ts";
import { eventually } from "../harness/eventually.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { httpRequest } from "../harness/http1.ts";
import { range, rangePrefix } from "../harness/kv_calls.ts";
import { parsePrometheusText, sumOf } from "../harness/prometheus_text.ts";
import { ServerProcess } from "../harness/server_process.ts";
import type { TargetName } from "../harness/targets.ts";
import { ProxyProcess } from "./proxy_process.ts";

/** What stands before the leasing keys of all proxies in these tests. */
export const LEASING_PREFIX = "leasing/";

/** The calls by which a proxy could ask for keys. */
const KEY_METHODS = ["Range", "Put", "DeleteRange", "Txn"];

/** Proxies with leased reads before one server. */
class LeasedScene {
  readonly server: ServerProcess;
  readonly proxies: readonly ProxyProcess[];
  /** One for each proxy. */
  readonly clients: readonly GrpcClient[];
  /** Past the proxies. */
  readonly direct: GrpcClient;

  constructor(server: ServerProcess, proxies: readonly ProxyProcess[]) {
    this.server = server;
    this.proxies = proxies;
    this.clients = proxies.map(({ endpoint }) => new GrpcClient(endpoint));
    this.direct = new GrpcClient(server.endpoint);
  }

  /** Who owns a key, as the servers know it; the prefix is that of the namespace, if there is one. */
  async ownership(key: string, namespace = ""): Promise<KeyValue | undefined> {
    return (await range(this.direct, namespace + LEASING_PREFIX + key)).kvs.at(0);
  }

  /** Reads a key through a proxy until that proxy owns it. */
  async own(client: GrpcClient, key: string, namespace = ""): Promise<KeyValue> {
    let owned: KeyValue | undefined;
    await eventually(`a proxy owns ${key}`, async () => {
      await range(client, key);
      owned = await this.ownership(key, namespace);
      return owned !== undefined;
    });
    if (owned === undefined) throw new Error("the ownership is not there any more");
    return owned;
  }

  /** How many requests for keys the server has answered so far. */
  async requestCount(): Promise<number> {
    const { body } = await httpRequest(this.server.clientPort, "/metrics");
    const families = parsePrometheusText(body);
    return KEY_METHODS.map((method) =>
      sumOf(families, "grpc_server_handled_total", {
        grpc_service: "etcdserverpb.KV",
        grpc_method: method,
      })
    ).reduce((a, b) => a + b, 0);
  }

  /** How many requests for keys reach the server while something is done. */
  async requestsDuring(work: () => Promise<unknown>): Promise<number> {
    const before = await this.requestCount();
    await work();
    return await this.requestCount() - before;
  }

  /** Ends a lease, as it would end when nobody renews it. */
  async endLease(id: bigint): Promise<void> {
    await this.direct.call(LEASE_SERVICE.leaseRevoke, { id });
  }

  /** All keys of the server but those that tell who owns what. */
  async pairs(): Promise<KeyValue[]> {
    const { kvs } = await rangePrefix(this.direct, "k");
    return kvs;
  }
}

/** Runs something with proxies of these kinds before a server. */
export async function withLeasedProxies(
  targets: readonly TargetName[],
  use: (scene: LeasedScene) => Promise<void>,
  options: { readonly server?: TargetName; readonly flags?: readonly string[] } = {},
): Promise<void> {
  const server = await ServerProcess.start(options.server ?? "detcd");
  const proxies: ProxyProcess[] = [];
  try {
    const flags = [`--experimental-leasing-prefix=${LEASING_PREFIX}`, ...options.flags ?? []];
    for (const target of targets) proxies.push(await ProxyProcess.start(target, server, flags));
    const scene = new LeasedScene(server, proxies);
    try {
      await use(scene);
    } finally {
      for (const client of [...scene.clients, scene.direct]) await client.close();
    }
  } finally {
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    await server.dispose();
  }
}
