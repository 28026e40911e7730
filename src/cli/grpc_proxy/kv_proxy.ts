import type { ServiceRegistry } from "../../api/service_registry.ts";
import { refusing } from "../../api/v3/calls.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  type RequestOp,
  TxnRequest,
  TxnResponse,
} from "../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../pb/services.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import type { Forwarder } from "./forwarding.ts";
import type { KvServers } from "./kv_servers.ts";
import type { Leasing } from "./leasing/leasing.ts";
import type { Namespace } from "./namespace.ts";
import type { RangeCache } from "./range_cache.ts";

/** etcdserverpb.KV: reads that may be old are answered from a cache, all else by the servers. */
export class KvProxy {
  readonly #forwarder: Forwarder;
  readonly #cache: RangeCache;
  readonly #namespace: Namespace;
  readonly #servers: KvServers;
  readonly #leasing: Leasing | undefined;

  /** With `leasing`, that stands between the proxy and the servers. */
  constructor(
    forwarder: Forwarder,
    cache: RangeCache,
    namespace: Namespace,
    servers: KvServers,
    leasing: Leasing | undefined,
  ) {
    this.#forwarder = forwarder;
    this.#cache = cache;
    this.#namespace = namespace;
    this.#servers = leasing ?? servers;
    this.#leasing = leasing;
  }

  register(registry: ServiceRegistry): void {
    const { range, rangeStream, put, deleteRange, txn, compact } = KV_SERVICE;
    registry.addUnary(
      range.path,
      refusing((call, bytes, start, end) => {
        const request = RangeRequest.decode(bytes.slice(start, end));
        this.#forwarder.answer(call, () => this.#range(call, request));
      }),
    );
    registry.addUnary(
      put.path,
      refusing((call, bytes, start, end) => {
        const request = PutRequest.decode(bytes.slice(start, end));
        this.#forwarder.answer(call, () => this.#put(call, request));
      }),
    );
    registry.addUnary(
      deleteRange.path,
      refusing((call, bytes, start, end) => {
        const request = DeleteRangeRequest.decode(bytes.slice(start, end));
        this.#forwarder.answer(call, () => this.#deleteRange(call, request));
      }),
    );
    registry.addUnary(
      txn.path,
      refusing((call, bytes, start, end) => {
        const request = TxnRequest.decode(bytes.slice(start, end));
        this.#forwarder.answer(call, () => this.#txn(call, request));
      }),
    );
    registry.addUnary(compact.path, (call, bytes, start, end) => {
      // What was cached of old revisions is gone now.
      this.#cache.clear();
      this.#forwarder.unary()(call, bytes, start, end);
    });
    registry.addStream(rangeStream.path, (call) => ({
      message: () =>
        call.fail(GrpcCode.Unimplemented, "RangeStream is not supported by the gRPC proxy"),
      halfClosed() {},
    }), "server_stream");
  }

  async #range(call: ServerCall, request: RangeRequest): Promise<Uint8Array> {
    this.#namespace.enter(request);
    const asker = this.#forwarder.askerOf(call);
    const owned = this.#leasing?.known(asker, request);
    if (owned !== undefined) return this.#leaveRange(owned);
    const { key } = asker.caller;
    const known = request.serializable ? this.#cache.get(key, request) : undefined;
    if (known !== undefined) return known;
    const answer = this.#leaveRange(await this.#servers.range(asker, request));
    this.#cache.add(key, request, answer);
    return answer;
  }

  #leaveRange(bytes: Uint8Array): Uint8Array {
    if (this.#namespace.isEmpty) return bytes;
    const response = RangeResponse.decode(bytes);
    this.#namespace.leave(response.kvs);
    return RangeResponse.encode(response);
  }

  async #put(call: ServerCall, request: PutRequest): Promise<Uint8Array> {
    this.#namespace.enterPut(request);
    this.#cache.invalidate(request.key, "");
    const bytes = await this.#servers.put(this.#forwarder.askerOf(call), request);
    // A read that was under way meanwhile may have cached what was there before.
    this.#cache.invalidate(request.key, "");
    if (this.#namespace.isEmpty) return bytes;
    const response = PutResponse.decode(bytes);
    this.#namespace.leave([response.prevKv]);
    return PutResponse.encode(response);
  }

  async #deleteRange(call: ServerCall, request: DeleteRangeRequest): Promise<Uint8Array> {
    this.#namespace.enter(request);
    this.#cache.invalidate(request.key, request.rangeEnd);
    const bytes = await this.#servers.deleteRange(this.#forwarder.askerOf(call), request);
    this.#cache.invalidate(request.key, request.rangeEnd);
    if (this.#namespace.isEmpty) return bytes;
    const response = DeleteRangeResponse.decode(bytes);
    this.#namespace.leave(response.prevKvs);
    return DeleteRangeResponse.encode(response);
  }

  async #txn(call: ServerCall, request: TxnRequest): Promise<Uint8Array> {
    this.#namespace.enterTxn(request);
    this.#invalidate([...request.success, ...request.failure]);
    const bytes = await this.#servers.txn(this.#forwarder.askerOf(call), request);
    const response = TxnResponse.decode(bytes);
    // A comparison may have shown that what is cached is old.
    for (const { key, rangeEnd } of request.compare) this.#cache.invalidate(key, rangeEnd);
    this.#invalidate(writesOf(response.succeeded ? request.success : request.failure));
    if (this.#namespace.isEmpty) return bytes;
    this.#namespace.leaveResponses(response.responses);
    return TxnResponse.encode(response);
  }

  #invalidate(ops: readonly RequestOp[]): void {
    for (const { requestPut, requestDeleteRange, requestTxn } of ops) {
      if (requestPut !== undefined) this.#cache.invalidate(requestPut.key, "");
      if (requestDeleteRange !== undefined) {
        this.#cache.invalidate(requestDeleteRange.key, requestDeleteRange.rangeEnd);
      }
      if (requestTxn !== undefined) {
        this.#invalidate([...requestTxn.success, ...requestTxn.failure]);
      }
    }
  }
}

/** The operations that change something. */
function writesOf(ops: readonly RequestOp[]): RequestOp[] {
  return ops.filter(({ requestRange }) => requestRange === undefined);
}
