import {
  CompactionRequest,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  MemberListRequest,
  MemberListResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  StatusRequest,
  StatusResponse,
  TxnRequest,
  TxnResponse,
} from "../../pb/etcdserverpb.ts";
import {
  CLUSTER_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
  MAINTENANCE_SERVICE,
} from "../../pb/services.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { ClientError } from "./client_error.ts";
import type { KeyValue } from "./key_value.ts";
import type { BytesLike } from "./keys.ts";
import { Lease } from "./lease.ts";
import { CLIENT_LIMITS } from "./limits.ts";
import { type ConnectOptions, connectTransport } from "./network_transport.ts";
import {
  type DeleteOptions,
  deleteRequest,
  type PutOptions,
  putRequest,
  type RangeOptions,
  rangeRequest,
} from "./requests.ts";
import {
  type DeleteResult,
  deleteResult,
  type PutResult,
  putResult,
  type RangeResult,
  rangeResult,
  type TxnResult,
  txnResult,
} from "./results.ts";
import type { CallOptions, Transport } from "./transport.ts";
import { compare, op, TxnBuilder } from "./txn.ts";
import { Watch, type WatchOptions } from "./watch.ts";

/** One member of the cluster. */
export interface MemberInfo {
  /** The member's ID. */
  readonly id: bigint;
  /** Its name; empty until it has started once. */
  readonly name: string;
  /** Where other members reach it. */
  readonly peerUrls: readonly string[];
  /** Where clients reach it. */
  readonly clientUrls: readonly string[];
  /** Whether it only learns and has no vote. */
  readonly isLearner: boolean;
}

/** How the member that was asked is doing. */
export interface MemberStatus {
  /** The etcd version that it presents. */
  readonly version: string;
  /** The member's ID. */
  readonly memberId: bigint;
  /** The cluster's ID. */
  readonly clusterId: bigint;
  /** The leader's ID; `0n` if there is none. */
  readonly leader: bigint;
  /** The store's revision. */
  readonly revision: number;
  /** Raft's term. */
  readonly raftTerm: number;
  /** The index of the last committed entry. */
  readonly raftIndex: number;
  /** The index of the last applied entry. */
  readonly raftAppliedIndex: number;
  /** Bytes that the store takes. */
  readonly dbSizeBytes: number;
  /** What is wrong, in etcd's words. */
  readonly errors: readonly string[];
}

/**
 * A client of one server: over the network with {@linkcode connect}, or in the same process with
 * {@linkcode Etcd.client}. All methods reject with a {@linkcode ClientError} that has the gRPC
 * code and etcd's text.
 */
export class Client implements AsyncDisposable {
  readonly #transport: Transport;

  /** Use {@linkcode connect} or {@linkcode Etcd.client}. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The pair of one key, or undefined if the key is not there. */
  async get(
    key: BytesLike,
    options: RangeOptions & CallOptions = {},
  ): Promise<KeyValue | undefined> {
    const { kvs } = await this.range(key, options);
    return kvs[0];
  }

  /** All pairs of a range, with count and revision. */
  async range(key: BytesLike, options: RangeOptions & CallOptions = {}): Promise<RangeResult> {
    const request = RangeRequest.encode(rangeRequest(key, options));
    const bytes = await this.#transport.unary(KV_SERVICE.range.path, request, options);
    return rangeResult(RangeResponse.decode(bytes));
  }

  /** Writes one key. */
  async put(
    key: BytesLike,
    value: BytesLike,
    options: PutOptions & CallOptions = {},
  ): Promise<PutResult> {
    const request = PutRequest.encode(putRequest(key, value, options));
    const bytes = await this.#transport.unary(KV_SERVICE.put.path, request, options);
    return putResult(PutResponse.decode(bytes));
  }

  /** Deletes one key or a range of keys. */
  async delete(key: BytesLike, options: DeleteOptions & CallOptions = {}): Promise<DeleteResult> {
    const request = DeleteRangeRequest.encode(deleteRequest(key, options));
    const bytes = await this.#transport.unary(KV_SERVICE.deleteRange.path, request, options);
    return deleteResult(DeleteRangeResponse.decode(bytes));
  }

  /** Begins a transaction: `client.txn().if(...).success(...).failure(...).commit()`. */
  txn(): TxnBuilder {
    return new TxnBuilder(async (request) => {
      const bytes = await this.#transport.unary(KV_SERVICE.txn.path, TxnRequest.encode(request));
      return txnResult(TxnResponse.decode(bytes));
    });
  }

  /** Forgets the history up to and including a revision. */
  async compact(revision: number, options: { readonly physical?: boolean } = {}): Promise<void> {
    const request = CompactionRequest.create({ revision, physical: options.physical ?? false });
    await this.#transport.unary(KV_SERVICE.compact.path, CompactionRequest.encode(request));
  }

  /** Watches one key or a range of keys. */
  watch(key: BytesLike, options: WatchOptions = {}): Watch {
    return new Watch(this.#transport, key, options);
  }

  /** Takes a lease of at least so many seconds; without an ID the server chooses one. */
  grantLease(ttlSeconds: number, id = 0n): Promise<Lease> {
    return Lease.grant(this.#transport, ttlSeconds, id);
  }

  /** A lease that was granted elsewhere. `ttlSeconds` is how often it has to be renewed. */
  lease(id: bigint, ttlSeconds: number): Lease {
    return new Lease(this.#transport, id, ttlSeconds);
  }

  /** The IDs of all leases, the one that ends first in front. */
  async leases(): Promise<bigint[]> {
    const request = LeaseLeasesRequest.encode(LeaseLeasesRequest.create());
    const bytes = await this.#transport.unary(LEASE_SERVICE.leaseLeases.path, request);
    return LeaseLeasesResponse.decode(bytes).leases.map(({ id }) => id);
  }

  /**
   * Puts a key only if it is not there. Returns whether it was put.
   */
  async putIfAbsent(key: BytesLike, value: BytesLike, options: PutOptions = {}): Promise<boolean> {
    const { succeeded } = await this.txn()
      .if(compare.createRevision(key, "=", 0))
      .success(op.put(key, value, options))
      .commit();
    return succeeded;
  }

  /**
   * Puts a key only if its value is what one expects; `undefined` expects that it is not there.
   * Returns whether it was put.
   */
  async compareAndSwap(
    key: BytesLike,
    expected: BytesLike | undefined,
    value: BytesLike,
    options: PutOptions = {},
  ): Promise<boolean> {
    if (expected === undefined) return this.putIfAbsent(key, value, options);
    const { succeeded } = await this.txn()
      .if(compare.value(key, "=", expected))
      .success(op.put(key, value, options))
      .commit();
    return succeeded;
  }

  /**
   * Changes a key by a function of its pair, without a lock: if somebody else changed it meanwhile
   * the function is called again with the newer pair. Returning undefined leaves the key alone.
   * Resolves with whether the key was put.
   */
  async update(
    key: BytesLike,
    change: (current: KeyValue | undefined) => BytesLike | undefined,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < CLIENT_LIMITS.updateAttempts; attempt++) {
      const current = await this.get(key);
      const value = change(current);
      if (value === undefined) return false;
      const { succeeded } = await this.txn()
        .if(compare.modRevision(key, "=", current?.modRevision ?? 0))
        .success(op.put(key, value, { ignoreLease: current !== undefined }))
        .commit();
      if (succeeded) return true;
    }
    throw new ClientError(
      GrpcCode.Aborted,
      `Cannot update the key: somebody else changed it ${CLIENT_LIMITS.updateAttempts} times`,
    );
  }

  /** The members of the cluster. */
  async members(): Promise<MemberInfo[]> {
    const request = MemberListRequest.encode(MemberListRequest.create({ linearizable: true }));
    const bytes = await this.#transport.unary(CLUSTER_SERVICE.memberList.path, request);
    return MemberListResponse.decode(bytes).members;
  }

  /** How the server is doing. */
  async status(): Promise<MemberStatus> {
    const request = StatusRequest.encode(StatusRequest.create());
    const bytes = await this.#transport.unary(MAINTENANCE_SERVICE.status.path, request);
    const response = StatusResponse.decode(bytes);
    return {
      version: response.version,
      memberId: response.header?.memberId ?? 0n,
      clusterId: response.header?.clusterId ?? 0n,
      leader: response.leader,
      revision: response.header?.revision ?? 0,
      raftTerm: response.raftTerm,
      raftIndex: response.raftIndex,
      raftAppliedIndex: response.raftAppliedIndex,
      dbSizeBytes: response.dbSize,
      errors: response.errors,
    };
  }

  /** Ends all watches and keep-alives and lets go of the connection. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Connects to a server by one of its client URLs.
 *
 * @example
 * ```ts no-eval
 * import { connect } from "./mod.ts";
 *
 * await using client = await connect("http://127.0.0.1:2379");
 * await client.put("greeting", "hello");
 * ```
 */
export async function connect(endpoint: string, options: ConnectOptions = {}): Promise<Client> {
  return new Client(await connectTransport(endpoint, options));
}
