import { type Clock, systemClock } from "../../base/clock.ts";
import { DenoFileSystem } from "../../disk/deno_file_system.ts";
import {
  CompactionRequest,
  DefragmentRequest,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../../pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../pb/services.ts";
import { AuthClient } from "./auth_client.ts";
import type {
  CompactOptions,
  GrantOptions,
  HashKvOptions,
  SavedSnapshot,
  SaveSnapshotOptions,
} from "./client_options.ts";
import { ClusterClient } from "./members/cluster.ts";
import { compareAndSwap, putIfAbsent, update } from "./kv/conditional_writes.ts";
import { Election } from "./concurrency/election.ts";
import type { KeyValue } from "./kv/key_value.ts";
import { type BytesLike, toKey } from "./kv/keys.ts";
import { grantLease, Lease } from "./leases/lease.ts";
import { openSession, type Session, type SessionOptions } from "./concurrency/session.ts";
import { MaintenanceClient } from "./members/maintenance.ts";
import { askHash, askHashKv, askMembers, askStatus } from "./members/member_calls.ts";
import type { HashKvResult, MemberInfo, MemberStatus } from "./members/member_info.ts";
import { Mirror, type MirrorOptions } from "./mirror.ts";
import { type HeldLock, Mutex } from "./concurrency/mutex.ts";
import { NamespaceTransport } from "./transport/namespace.ts";
import {
  type DeleteOptions,
  deleteRequest,
  type PutOptions,
  putRequest,
  type RangeOptions,
  rangeRequest,
} from "./kv/requests.ts";
import {
  type DeleteResult,
  deleteResult,
  type PutResult,
  putResult,
  type RangeResult,
  rangeResult,
  txnResult,
} from "./kv/results.ts";
import { type ClientSession, readCall } from "./client_session.ts";
import { openSnapshot, type Snapshot } from "./snapshot/snapshot.ts";
import { writeSnapshotFile } from "./snapshot/snapshot_file.ts";
import type { CallOptions, Transport } from "./transport/transport.ts";
import { TxnBuilder } from "./kv/txn.ts";
import { Watch, type WatchOptions } from "./watch/watch.ts";

/**
 * A client of one cluster: over the network with {@linkcode connect}, or in the same process with
 * {@linkcode Etcd.client}.
 *
 * All methods reject with a {@linkcode ClientError} that has the gRPC code and etcd's text. Without
 * `timeoutMs` the server's own timeout decides (etcd's is 7 s by default). A call that finds no
 * connection waits for one, at most for the dial timeout. Reads that meet Unavailable are made
 * again for three seconds, or as long as `timeoutMs` says; calls that change something never are,
 * since they may have done so.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 *
 * await client.put("users/1", "Ada");
 * await client.put("users/2", "Grace");
 * const { kvs, count } = await client.range("users/", { prefix: true, limit: 1 });
 * if (count !== 2 || kvs[0].key !== "users/1" || kvs[0].text !== "Ada") throw new Error("lost");
 *
 * const { deleted } = await client.delete("users/", { prefix: true });
 * if (deleted !== 2) throw new Error("not deleted");
 * ```
 */
export class Client implements AsyncDisposable {
  readonly #session: ClientSession;
  readonly #transport: Transport;
  readonly #closing = new AbortController();
  /** Users and roles of the server, and whether it asks who calls; see {@linkcode AuthClient}. */
  readonly auth: AuthClient;
  /** Changes who the members of the cluster are. */
  readonly cluster: ClusterClient;
  /** Alarms, the leader, downgrades. */
  readonly maintenance: MaintenanceClient;

  /** Use {@linkcode connect} or {@linkcode Etcd.client}. */
  constructor(transport: Transport, clock: Clock = systemClock) {
    this.#transport = transport;
    this.#session = { transport, clock, closing: this.#closing.signal };
    this.auth = new AuthClient(this.#session);
    this.cluster = new ClusterClient(this.#session);
    this.maintenance = new MaintenanceClient(this.#session);
  }

  /**
   * The pair of one key, or undefined if the key is not there. With a range, the first pair of it.
   */
  async get(
    key: BytesLike,
    options: RangeOptions & CallOptions = {},
  ): Promise<KeyValue | undefined> {
    const { kvs } = await this.range(key, { limit: 1, ...options });
    return kvs[0];
  }

  /**
   * All pairs of a range, with count and revision; without options those of one key. Rejects with
   * OutOfRange when the revision asked for was compacted or is still to come.
   */
  async range(key: BytesLike, options: RangeOptions & CallOptions = {}): Promise<RangeResult> {
    const request = RangeRequest.encode(rangeRequest(key, options));
    const bytes = await readCall(this.#session, KV_SERVICE.range.path, request, options);
    return rangeResult(RangeResponse.decode(bytes));
  }

  /** Writes one key. Rejects with NotFound when the lease to hang it on does not exist. */
  async put(
    key: BytesLike,
    value: BytesLike,
    options: PutOptions & CallOptions = {},
  ): Promise<PutResult> {
    const request = PutRequest.encode(putRequest(key, value, options));
    const bytes = await this.#transport.unary(KV_SERVICE.put.path, request, options);
    return putResult(PutResponse.decode(bytes));
  }

  /** Deletes one key or a range of keys; keys that are not there are no error. */
  async delete(key: BytesLike, options: DeleteOptions & CallOptions = {}): Promise<DeleteResult> {
    const request = DeleteRangeRequest.encode(deleteRequest(key, options));
    const bytes = await this.#transport.unary(KV_SERVICE.deleteRange.path, request, options);
    return deleteResult(DeleteRangeResponse.decode(bytes));
  }

  /**
   * Begins a transaction: conditions, and what to do when they hold and when they do not, all of it
   * at one revision or not at all.
   *
   * @example
   * ```ts
   * import { compare, newMemoryConfig, op, startEtcd } from "@detcd/detcd";
   *
   * await using etcd = await startEtcd(newMemoryConfig());
   * await using client = etcd.client();
   *
   * const { succeeded } = await client.txn()
   *   .if(compare.createRevision("leader", "=", 0))
   *   .success(op.put("leader", "me"))
   *   .failure(op.get("leader"))
   *   .commit();
   * if (!succeeded) throw new Error("somebody else leads");
   * ```
   */
  txn(): TxnBuilder {
    return new TxnBuilder(async (request, options) => {
      const encoded = TxnRequest.encode(request);
      const bytes = await this.#transport.unary(KV_SERVICE.txn.path, encoded, options);
      return txnResult(TxnResponse.decode(bytes));
    });
  }

  /**
   * Forgets the history up to and including a revision. Rejects with OutOfRange when that has been
   * done already or the revision is still to come.
   */
  async compact(revision: number, options: CompactOptions = {}): Promise<void> {
    const request = CompactionRequest.create({ revision, physical: options.physical ?? false });
    const encoded = CompactionRequest.encode(request);
    await this.#transport.unary(KV_SERVICE.compact.path, encoded, options);
  }

  /** Watches one key or a range of keys; see {@linkcode Watch}. */
  watch(key: BytesLike, options: WatchOptions = {}): Watch {
    return new Watch(this.#session, key, options);
  }

  /**
   * Takes a lease of at least so many seconds; see {@linkcode Lease}. Rejects with
   * FailedPrecondition when a lease with this ID exists, with OutOfRange when the time is too long.
   */
  grantLease(ttlSeconds: number, options: GrantOptions = {}): Promise<Lease> {
    return grantLease(this.#session, ttlSeconds, options.id ?? 0n, options);
  }

  /** A lease that was granted elsewhere. `ttlSeconds` says how often it has to be renewed. */
  lease(id: bigint, ttlSeconds: number): Lease {
    return new Lease(this.#session, id, ttlSeconds);
  }

  /** The IDs of all leases, the one that ends first in front. */
  async leases(options: CallOptions = {}): Promise<bigint[]> {
    const request = LeaseLeasesRequest.encode(LeaseLeasesRequest.create());
    const bytes = await readCall(this.#session, LEASE_SERVICE.leaseLeases.path, request, options);
    return LeaseLeasesResponse.decode(bytes).leases.map(({ id }) => id);
  }

  /** Puts a key only if it is not there. Resolves with whether it was put. */
  async putIfAbsent(
    key: BytesLike,
    value: BytesLike,
    options: PutOptions & CallOptions = {},
  ): Promise<boolean> {
    return await putIfAbsent(this, key, value, options);
  }

  /**
   * Puts a key only if its value is what one expects; `undefined` expects that it is not there.
   * Resolves with whether it was put.
   */
  async compareAndSwap(
    key: BytesLike,
    expected: BytesLike | undefined,
    value: BytesLike,
    options: PutOptions & CallOptions = {},
  ): Promise<boolean> {
    return await compareAndSwap(this, key, expected, value, options);
  }

  /**
   * Changes a key by a function of its pair, without a lock: if somebody else changed it meanwhile
   * the function is called again with the newer pair. Returning undefined leaves the key alone; the
   * key stays on the lease that it hangs on. Resolves with whether the key was put. Rejects with
   * Aborted after 100 rounds.
   *
   * @example
   * ```ts
   * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
   *
   * await using etcd = await startEtcd(newMemoryConfig());
   * await using client = etcd.client();
   *
   * const increment = () => client.update("hits", (pair) => String(Number(pair?.text ?? 0) + 1));
   * await Promise.all([increment(), increment(), increment()]);
   * if ((await client.get("hits"))?.text !== "3") throw new Error("lost an update");
   * ```
   */
  async update(
    key: BytesLike,
    change: (current: KeyValue | undefined) => BytesLike | undefined,
    options: CallOptions = {},
  ): Promise<boolean> {
    return await update(this, key, change, options);
  }

  /**
   * Begins a session, whose lease is kept alive; see {@linkcode Session}. Rejects with NotFound when
   * the lease to take over does not exist.
   */
  session(options: SessionOptions = {}): Promise<Session> {
    return openSession(this, this.#session.clock, options);
  }

  /**
   * Waits until it holds the lock of that name, in a session for this lock alone; see
   * {@linkcode Mutex.lock}. The keys that begin with `<name>/` belong to the lock: whoever keeps
   * other data there waits for that to go.
   *
   * @example
   * ```ts
   * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
   *
   * await using etcd = await startEtcd(newMemoryConfig());
   * await using client = etcd.client();
   * {
   *   await using lock = await client.lock("locks/accounts", { timeoutMs: 5_000 });
   *   await client.put("accounts/1", "100");
   *   if (await client.tryLock("locks/accounts") !== undefined) throw new Error("held twice");
   *   if (lock.lost.aborted) throw new Error("lost");
   * }
   * await using free = await client.tryLock("locks/accounts");
   * if (free === undefined) throw new Error("not released");
   * ```
   */
  lock(name: BytesLike, options: SessionOptions = {}): Promise<HeldLock> {
    return new Mutex(this, name).lock(options);
  }

  /** Takes the lock of that name if nobody holds it; resolves with undefined if somebody does. */
  tryLock(name: BytesLike, options: SessionOptions = {}): Promise<HeldLock | undefined> {
    return new Mutex(this, name).tryLock(options);
  }

  /** The election of that name, to stand in it or to watch it; see {@linkcode Election}. */
  election(name: BytesLike): Election {
    return new Election(this, name);
  }

  /** A copy of keys that follows the original; see {@linkcode Mirror}. */
  mirror(options: MirrorOptions = {}): Mirror {
    return new Mirror(this, options);
  }

  /**
   * The keys that begin with a prefix, as if they were all there are and the prefix were not: calls,
   * transactions, watches and locks of the returned client work on `prefix + key`. Closing it ends
   * what it has begun and leaves this client open; closing this client closes it as well.
   *
   * @example
   * ```ts
   * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
   *
   * await using etcd = await startEtcd(newMemoryConfig());
   * await using client = etcd.client();
   * await using users = client.namespace("users/");
   * await users.put("1", "Ada");
   * if ((await client.get("users/1"))?.text !== "Ada") throw new Error("no prefix");
   * const { kvs } = await users.range("", { prefix: true });
   * if (kvs[0].key !== "1") throw new Error("the prefix is to be seen");
   * ```
   */
  namespace(prefix: BytesLike): Client {
    const { closing, clock } = this.#session;
    const close = () => view.close();
    const transport = new NamespaceTransport(
      this.#transport,
      toKey(prefix),
      () => closing.removeEventListener("abort", close),
    );
    const view: Client = new Client(transport, clock);
    closing.addEventListener("abort", close, { once: true });
    return view;
  }

  /** The members of the cluster. */
  async members(options: CallOptions = {}): Promise<MemberInfo[]> {
    return await askMembers(this.#session, options);
  }

  /** How the member that answers is doing. */
  async status(options: CallOptions = {}): Promise<MemberStatus> {
    return await askStatus(this.#session, options);
  }

  /**
   * A backup of the member that answers, as it is now; writes go on meanwhile. Resolves when it
   * begins to come; see {@linkcode Snapshot}. Without `timeoutMs` it may take any time.
   */
  snapshot(options: CallOptions = {}): Promise<Snapshot> {
    return openSnapshot(this.#session, options);
  }

  /**
   * Saves a backup of the member that answers in a file that only its owner may read. The file
   * appears, or replaces the one of that name, when all of it is checked and on the disk. Rejects
   * with an error that names the path when it cannot be written.
   *
   * @example
   * ```ts
   * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
   *
   * await using etcd = await startEtcd(newMemoryConfig());
   * await using client = etcd.client();
   * await client.put("users/1", "Ada");
   *
   * const directory = await Deno.makeTempDir();
   * const { sizeBytes } = await client.saveSnapshot(`${directory}/backup.db`);
   * const { size } = await Deno.stat(`${directory}/backup.db`);
   * if (size !== sizeBytes) throw new Error("not all of it was saved");
   * await Deno.remove(directory, { recursive: true });
   * ```
   */
  async saveSnapshot(path: string, options: SaveSnapshotOptions = {}): Promise<SavedSnapshot> {
    await using snapshot = await this.snapshot(options);
    const { version, sizeBytes } = snapshot;
    await writeSnapshotFile(new DenoFileSystem(), path, snapshot, () => {
      options.onProgress?.({ savedBytes: snapshot.receivedBytes, totalBytes: sizeBytes });
    });
    return { version, sizeBytes };
  }

  /**
   * Gives the space that is free in the file of the member that answers back to its file system;
   * reads and writes go on meanwhile (etcd itself serves nobody then). Resolves when it is done.
   *
   * @example
   * ```ts
   * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
   *
   * await using etcd = await startEtcd(newMemoryConfig());
   * await using client = etcd.client();
   * const { revision } = await client.put("users/1", "Ada");
   * await client.delete("users/1");
   * await client.compact(revision + 1, { physical: true });
   * await client.defragment();
   * const { dbSizeBytes, dbSizeInUseBytes } = await client.status();
   * if (dbSizeInUseBytes > dbSizeBytes) throw new Error("more in use than there is");
   * ```
   */
  async defragment(options: CallOptions = {}): Promise<void> {
    const request = DefragmentRequest.encode(DefragmentRequest.create());
    await this.#transport.unary(MAINTENANCE_SERVICE.defragment.path, request, options);
  }

  /**
   * The hash of all that the file of the member that answers holds. Members may differ in it; to
   * compare them there is {@linkcode Client.hashKv}.
   */
  async hash(options: CallOptions = {}): Promise<number> {
    return await askHash(this.#session, options);
  }

  /**
   * The hash of the keys' history on the member that answers. Rejects with OutOfRange when the
   * revision was compacted or is still to come.
   *
   * @example
   * ```ts
   * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
   *
   * await using etcd = await startEtcd(newMemoryConfig());
   * await using client = etcd.client();
   * const { revision } = await client.put("users/1", "Ada");
   * const before = await client.hashKv();
   * await client.put("users/2", "Grace");
   * const { hash } = await client.hashKv({ revision });
   * if (hash !== before.hash) throw new Error("the past has changed");
   * ```
   */
  async hashKv(options: HashKvOptions = {}): Promise<HashKvResult> {
    return await askHashKv(this.#session, options);
  }

  /**
   * Lets go of the connection. Loops over watches end, leases are no longer kept alive (nor
   * revoked), and calls that are under way reject with code Canceled, like all that come later.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#transport.close();
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
