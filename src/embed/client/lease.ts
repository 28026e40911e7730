import {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from "../../pb/etcdserverpb.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { LEASE_SERVICE } from "../../pb/services.ts";
import { ClientError } from "./client_error.ts";
import { keyText } from "./keys.ts";
import { CLIENT_LIMITS } from "./limits.ts";
import type { Transport, TransportStream } from "./transport.ts";

/** How much of a lease is left. */
export interface LeaseTimes {
  /** Whole seconds until it ends; -1 if there is no such lease. */
  readonly remainingSeconds: number;
  /** What it was granted. */
  readonly grantedSeconds: number;
  /** The keys on it, as text, if they were asked for. */
  readonly keys: string[];
}

/**
 * A lease: keys that hang on it are deleted when it ends. It is not renewed by itself; see
 * {@linkcode Lease.keepAlive}. Disposing of it revokes it.
 */
export class Lease implements AsyncDisposable {
  /** The lease's ID, for {@linkcode PutOptions.lease}. */
  readonly id: bigint;
  /** The time to live that the server granted, in seconds; at least what was asked for. */
  readonly ttlSeconds: number;
  readonly #transport: Transport;
  #keeper: LeaseKeeper | undefined;

  /** Use {@linkcode Client.grantLease} or {@linkcode Client.lease}. */
  constructor(transport: Transport, id: bigint, ttlSeconds: number) {
    this.#transport = transport;
    this.id = id;
    this.ttlSeconds = ttlSeconds;
  }

  /** Asks the server for a lease. */
  static async grant(transport: Transport, ttlSeconds: number, id: bigint): Promise<Lease> {
    const request = LeaseGrantRequest.encode(LeaseGrantRequest.create({ ttl: ttlSeconds, id }));
    const bytes = await transport.unary(LEASE_SERVICE.leaseGrant.path, request);
    const response = LeaseGrantResponse.decode(bytes);
    return new Lease(transport, response.id, response.ttl);
  }

  /**
   * Renews the lease over and over until it is revoked, disposed of or lost. The returned promise
   * rejects when the lease is lost and resolves when it was ended here.
   */
  keepAlive(): Promise<void> {
    this.#keeper ??= new LeaseKeeper(this.#transport, this.id, this.ttlSeconds);
    return this.#keeper.ended;
  }

  /** Renews the lease once and returns its new time to live in seconds. */
  async keepAliveOnce(): Promise<number> {
    const keeper = new LeaseKeeper(this.#transport, this.id, this.ttlSeconds);
    try {
      return await keeper.renewed;
    } finally {
      keeper.stop();
    }
  }

  /** Ends the lease and with it all keys on it. */
  async revoke(): Promise<void> {
    this.#keeper?.stop();
    const request = LeaseRevokeRequest.encode(LeaseRevokeRequest.create({ id: this.id }));
    await this.#transport.unary(LEASE_SERVICE.leaseRevoke.path, request);
  }

  /** How long the lease has to live. */
  async timeToLive(options: { readonly keys?: boolean } = {}): Promise<LeaseTimes> {
    const request = LeaseTimeToLiveRequest.create({ id: this.id, keys: options.keys ?? false });
    const bytes = await this.#transport.unary(
      LEASE_SERVICE.leaseTimeToLive.path,
      LeaseTimeToLiveRequest.encode(request),
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
}

/** Sends keep-alives on a stream of its own. */
class LeaseKeeper {
  readonly #id: bigint;
  readonly #intervalMs: number;
  readonly #stream: TransportStream;
  readonly #ended = Promise.withResolvers<void>();
  readonly #renewed = Promise.withResolvers<number>();
  #timer: number | undefined;
  #stopped = false;

  constructor(transport: Transport, id: bigint, ttlSeconds: number) {
    this.#id = id;
    this.#intervalMs = (ttlSeconds * 1000) / CLIENT_LIMITS.keepAlivesPerTtl;
    // Either promise may be the only one that somebody looks at.
    this.#ended.promise.catch(() => {});
    this.#renewed.promise.catch(() => {});
    this.#stream = transport.stream(LEASE_SERVICE.leaseKeepAlive.path, {
      message: (bytes) => this.#answered(LeaseKeepAliveResponse.decode(bytes).ttl),
      closed: (error) => this.#finish(error),
    });
    this.#send();
  }

  /** Resolves when it was stopped, rejects when the lease or the stream is lost. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The time to live that the first renewal gave. */
  get renewed(): Promise<number> {
    return this.#renewed.promise;
  }

  stop(): void {
    this.#stopped = true;
    this.#stream.cancel();
    this.#finish(undefined);
  }

  #send(): void {
    const request = LeaseKeepAliveRequest.create({ id: this.#id });
    this.#stream.send(LeaseKeepAliveRequest.encode(request));
  }

  #answered(ttlSeconds: number): void {
    if (ttlSeconds > 0) {
      this.#renewed.resolve(ttlSeconds);
      if (!this.#stopped) this.#timer = setTimeout(() => this.#send(), this.#intervalMs);
      return;
    }
    const message = "etcdserver: requested lease not found";
    this.#finish(new ClientError(GrpcCode.NotFound, message));
    this.#stream.cancel();
  }

  #finish(error: Error | undefined): void {
    clearTimeout(this.#timer);
    if (this.#stopped || error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
    this.#renewed.reject(error ?? new ClientError(GrpcCode.Canceled, "the keep-alive was stopped"));
  }
}
