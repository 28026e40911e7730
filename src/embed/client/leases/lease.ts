import {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from "../../../pb/etcdserverpb.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { ETCD_ERRORS } from "../../../core/errors.ts";
import { LEASE_SERVICE } from "../../../pb/services.ts";
import { canceledError, ClientError, deadlineError, refusalError } from "../client_error.ts";
import { keyText } from "../kv/keys.ts";
import { LeaseKeeper } from "./lease_keeper.ts";
import { type ClientSession, readCall } from "../client_session.ts";
import type { CallOptions } from "../transport/transport.ts";

/** How much of a lease is left. */
export interface LeaseTimes {
  /** Whole seconds until it ends; -1 if there is no such lease. */
  readonly remainingSeconds: number;
  /** What it was granted, in seconds; 0 if there is no such lease. */
  readonly grantedSeconds: number;
  /** The keys on it, as text, if they were asked for. */
  readonly keys: string[];
}

/** How a lease's time is asked for. */
export interface TimeToLiveOptions extends CallOptions {
  /** Tells the keys that hang on the lease as well. Default false. */
  readonly keys?: boolean;
}

/**
 * A lease: keys that hang on it are deleted when it ends. It is not renewed by itself; see
 * {@linkcode Lease.keepAlive}. Disposing of it revokes it.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * {
 *   await using lease = await client.grantLease(10);
 *   lease.keepAlive().catch((error) => console.error("lost the lease", error));
 *   await client.put("workers/1", "alive", { lease: lease.id });
 * }
 * if (await client.get("workers/1") !== undefined) throw new Error("outlived its lease");
 * ```
 */
export class Lease implements AsyncDisposable {
  /** The lease's ID, for {@linkcode PutOptions.lease}. */
  readonly id: bigint;
  /** The time to live that the server granted, in seconds; at least what was asked for. */
  readonly ttlSeconds: number;
  readonly #session: ClientSession;
  #keeper: { readonly keeper: LeaseKeeper; readonly ended: Promise<void> } | undefined;

  /** Use {@linkcode Client.grantLease} or {@linkcode Client.lease}. */
  constructor(session: ClientSession, id: bigint, ttlSeconds: number) {
    this.#session = session;
    this.id = id;
    this.ttlSeconds = ttlSeconds;
  }

  /**
   * Renews the lease over and over, three times in each lifetime, until it is revoked, disposed of
   * or lost or the client is closed. A broken connection is made anew as long as the lease may
   * live. The returned promise resolves when the lease was ended here; it rejects with a
   * {@linkcode ClientError} when the lease is lost: NotFound when the server no longer knows it,
   * Unavailable when no renewal got through in time. Ignoring the promise is allowed.
   */
  keepAlive(): Promise<void> {
    this.#keeper ??= this.#keep();
    return this.#keeper.ended;
  }

  /** Renews the lease no longer: it ends by itself, unless somebody else renews it. */
  stopKeepAlive(): void {
    this.#keeper?.keeper.stop();
  }

  /**
   * Renews the lease once and returns its new time to live in seconds. Rejects with NotFound when
   * there is no such lease.
   */
  async keepAliveOnce(options: CallOptions = {}): Promise<number> {
    const { ttl } = await keepAliveOnce(this.#session, this.id, options);
    return ttl;
  }

  /**
   * Ends the lease and with it all keys on it. Rejects with NotFound when there is no such lease.
   */
  async revoke(options: CallOptions = {}): Promise<void> {
    this.stopKeepAlive();
    const request = LeaseRevokeRequest.encode(LeaseRevokeRequest.create({ id: this.id }));
    await this.#session.transport.unary(LEASE_SERVICE.leaseRevoke.path, request, options);
  }

  /** How long the lease has to live. A lease that does not exist is no error here. */
  async timeToLive(options: TimeToLiveOptions = {}): Promise<LeaseTimes> {
    const request = LeaseTimeToLiveRequest.create({ id: this.id, keys: options.keys ?? false });
    const bytes = await readCall(
      this.#session,
      LEASE_SERVICE.leaseTimeToLive.path,
      LeaseTimeToLiveRequest.encode(request),
      options,
    );
    const response = LeaseTimeToLiveResponse.decode(bytes);
    return {
      remainingSeconds: response.ttl,
      grantedSeconds: response.grantedTtl,
      keys: response.keys.map(keyText),
    };
  }

  /** Revokes the lease; one that has ended already is no error. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.revoke();
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== GrpcCode.NotFound) throw error;
    }
  }

  #keep(): { keeper: LeaseKeeper; ended: Promise<void> } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Who ignores the promise has not left an error unhandled.
    promise.catch(() => {});
    const keeper = new LeaseKeeper(this.#session, this.id, this.ttlSeconds, {
      renewed() {},
      ended: (error) => {
        this.#keeper = undefined;
        if (error === undefined) resolve();
        else reject(error);
      },
    });
    // In a task of its own, so that the end of a lease that ends at once finds the keeper in place.
    queueMicrotask(() => keeper.start());
    return { keeper, ended: promise };
  }
}

/** Asks the server for a lease; ID 0 lets the server choose one. */
export async function grantLease(
  session: ClientSession,
  ttlSeconds: number,
  id: bigint,
  options: CallOptions,
): Promise<Lease> {
  const request = LeaseGrantRequest.encode(LeaseGrantRequest.create({ ttl: ttlSeconds, id }));
  const bytes = await session.transport.unary(LEASE_SERVICE.leaseGrant.path, request, options);
  const response = LeaseGrantResponse.decode(bytes);
  return new Lease(session, response.id, response.ttl);
}

/** Renews a lease once. Rejects with NotFound when there is no such lease. */
export async function keepAliveOnce(
  { transport, clock }: ClientSession,
  id: bigint,
  { signal, timeoutMs }: CallOptions,
): Promise<LeaseKeepAliveResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const stream = transport.stream(LEASE_SERVICE.leaseKeepAlive.path, {
    message: resolve,
    closed: (error) => reject(error ?? new ClientError(GrpcCode.Unavailable, "no answer came")),
  });
  const timer = timeoutMs === undefined
    ? undefined
    : clock.setTimer(timeoutMs, () => reject(deadlineError()));
  const abort = () => reject(canceledError(signal));
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    stream.send(LeaseKeepAliveRequest.encode(LeaseKeepAliveRequest.create({ id })));
    const response = LeaseKeepAliveResponse.decode(await promise);
    if (response.ttl > 0) return response;
    throw refusalError(ETCD_ERRORS.leaseNotFound);
  } finally {
    timer?.cancel();
    signal?.removeEventListener("abort", abort);
    stream.cancel();
  }
}
