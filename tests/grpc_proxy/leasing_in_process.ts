import { type Etcd, newMemoryConfig, startEtcd } from "../../mod.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { Asker } from "../../src/cli/grpc_proxy/asker.ts";
import { DirectKv } from "../../src/cli/grpc_proxy/kv_servers.ts";
import { Leasing, type LeasingParts } from "../../src/cli/grpc_proxy/leasing/leasing.ts";
import { Caller, type ServerCalls, Upstream } from "../../src/cli/grpc_proxy/upstream.ts";
import { Metadata } from "../../src/net/grpc/metadata.ts";
import {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../src/pb/services.ts";
import { eventually } from "../harness/eventually.ts";
import { GrpcClient, type Method } from "../harness/grpc_client.ts";
import { type KvCaller, range } from "../harness/kv_calls.ts";
import { LEASING_PREFIX } from "./leased_scene.ts";

/** Callers of the proxies wait so long at most. */
const PATIENCE_MS = 10_000;

const NOBODY: Asker = {
  caller: undefined,
  signal: new AbortController().signal,
  remainingMs: () => PATIENCE_MS,
};

/** A leasing proxy in this process, called without a network. */
export class LocalProxy {
  readonly leasing: Leasing;
  /** How many requests for keys it has sent to the server. */
  requestCount = 0;

  constructor(calls: ServerCalls, clock: Clock, options: Partial<LeasingParts>) {
    const counting: ServerCalls = {
      unary: (path, ...rest) => {
        if (path.startsWith("/etcdserverpb.KV/")) this.requestCount++;
        return calls.unary(path, ...rest);
      },
      stream: (...call) => calls.stream(...call),
    };
    this.leasing = new Leasing({
      servers: new DirectKv(counting, undefined),
      upstream: counting,
      clock,
      logger: silentLogger,
      namespace: "",
      prefix: LEASING_PREFIX,
      ...options,
    });
    this.leasing.start();
  }

  /** Calls as nobody. */
  call<Request, Response>(
    method: Method<Request, Response>,
    fields: Partial<Request> = {},
  ): Promise<Response> {
    return this.#call(NOBODY, method, fields);
  }

  /** Calls in the name of whoever has the token. */
  as(token: string): KvCaller {
    const caller = new Caller(Metadata.fromFields(["token", token]));
    return { call: (method, fields = {}) => this.#call({ ...NOBODY, caller }, method, fields) };
  }

  /** Calls as somebody who may go before the answer comes. */
  until(signal: AbortSignal): KvCaller {
    return { call: (method, fields = {}) => this.#call({ ...NOBODY, signal }, method, fields) };
  }

  async #call<Request, Response>(
    asker: Asker,
    method: Method<Request, Response>,
    fields: Partial<Request>,
  ): Promise<Response> {
    const request = method.request.encode(method.request.create(fields));
    return method.response.decode(await this.#answer(asker, method.path, request));
  }

  #answer(asker: Asker, path: string, request: Uint8Array): Promise<Uint8Array> {
    const { leasing } = this;
    switch (path) {
      case KV_SERVICE.range.path:
        return this.#range(asker, RangeRequest.decode(request));
      case KV_SERVICE.put.path:
        return leasing.put(asker, PutRequest.decode(request));
      case KV_SERVICE.deleteRange.path:
        return leasing.deleteRange(asker, DeleteRangeRequest.decode(request));
      case KV_SERVICE.txn.path:
        return leasing.txn(asker, TxnRequest.decode(request));
      default:
        throw new Error(`no proxy answers ${path}`);
    }
  }

  async #range(asker: Asker, request: RangeRequest): Promise<Uint8Array> {
    const known = this.leasing.known(asker, request);
    if (known === undefined) return await this.leasing.range(asker, request);
    // A loop of nothing but such answers would leave no turn to anything else.
    await new Promise((resolve) => setTimeout(resolve, 0));
    return known;
  }
}

/** A server in this process, with proxies that share its connections. */
export class LocalScene implements AsyncDisposable {
  readonly #etcd: Etcd;
  readonly upstream: Upstream;
  readonly direct: GrpcClient;
  readonly #proxies: LocalProxy[] = [];

  private constructor(etcd: Etcd, upstream: Upstream, endpoint: string) {
    this.#etcd = etcd;
    this.upstream = upstream;
    this.direct = new GrpcClient(endpoint);
  }

  static async start(): Promise<LocalScene> {
    const etcd = await startEtcd(newMemoryConfig());
    await etcd.server.readyNotify();
    const endpoint = `127.0.0.1:${etcd.clients[0].port}`;
    const upstream = await Upstream.open([`http://${endpoint}`], {}, systemClock);
    return new LocalScene(etcd, upstream, endpoint);
  }

  proxy(
    options: Partial<LeasingParts> = {},
    calls: ServerCalls = this.upstream,
    clock: Clock = systemClock,
  ): LocalProxy {
    const proxy = new LocalProxy(calls, clock, options);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** Reads a key through a proxy until that proxy answers it from memory. */
  async own(proxy: LocalProxy, key: string): Promise<void> {
    await eventually(`a proxy owns ${key}`, async () => {
      const before = proxy.requestCount;
      await range(proxy, key);
      return proxy.requestCount === before;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { leasing } of this.#proxies) await leasing.close();
    await this.direct.close();
    this.upstream.close();
    await this.#etcd.close();
  }
}
