import type { Clock } from "../../../base/clock.ts";
import { settled } from "../../../base/settled.ts";
import type { Client } from "../client.ts";
import { asClientError, type ClientError } from "../client_error.ts";
import { Election } from "./election.ts";
import type { BytesLike } from "../kv/keys.ts";
import type { Lease } from "../leases/lease.ts";
import { Mutex } from "./mutex.ts";
import { sessionExpired } from "./queue.ts";
import type { CallOptions } from "../transport/transport.ts";
import { withinLimits } from "../waiting.ts";

/** How a session is begun. */
export interface SessionOptions extends CallOptions {
  /** How long the lease outlives a client that does not renew it, in seconds. Default 60. */
  readonly ttlSeconds?: number;
  /** Takes over a lease that was granted before, instead of a new one; it is revoked at the end. */
  readonly lease?: bigint;
}

/** As in Go's package `concurrency`. */
const DEFAULT_TTL_SECONDS = 60;

/**
 * A lease that is kept alive: locks and candidatures that are made in a session end with it, at the
 * latest its time to live after this program has died. Disposing of it ends all of them.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * {
 *   await using session = await client.session({ ttlSeconds: 10 });
 *   await client.put("workers/1", "busy", { lease: session.id });
 *   await using lock = await session.mutex("jobs").lock();
 *   if (lock.lost.aborted) throw new Error("lost the lock");
 * }
 * if (await client.get("workers/1") !== undefined) throw new Error("outlived its session");
 * ```
 */
export class Session implements AsyncDisposable {
  /** The lease that everything in this session hangs on. */
  readonly lease: Lease;
  /**
   * Resolves when the lease is not kept any more: with the error when it was lost, with undefined
   * when the session was ended here.
   */
  readonly done: Promise<ClientError | undefined>;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #lost = new AbortController();

  /** Use {@linkcode Client.session}. */
  constructor(client: Client, clock: Clock, lease: Lease) {
    this.#client = client;
    this.#clock = clock;
    this.lease = lease;
    this.done = lease.keepAlive().then(() => undefined, (error) => {
      const reason = asClientError(error);
      this.#lost.abort(reason);
      return reason;
    });
  }

  /** The lease's ID, for {@linkcode PutOptions.lease}. */
  get id(): bigint {
    return this.lease.id;
  }

  /** Aborted when the lease is lost, with the error as its reason. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** A lock that is held in this session; see {@linkcode Mutex}. */
  mutex(name: BytesLike): Mutex {
    return new Mutex(this.#client, name, this);
  }

  /** An election in which this session may be a candidate; see {@linkcode Election}. */
  election(name: BytesLike): Election {
    return new Election(this.#client, name, this);
  }

  /**
   * Runs work that waits for others in this session: until its limits or the session's end, whose
   * error names what it was for.
   *
   * @internal
   */
  within<T>(
    what: string,
    options: CallOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const lostError = () => sessionExpired(what, this.lost.reason);
    return withinLimits(this.#clock, options, this.lost, lostError, work);
  }

  /** Stops renewing the lease without revoking it: it ends by itself, or somebody else keeps it. */
  orphan(): void {
    this.lease.stopKeepAlive();
  }

  /** Revokes the lease, and with it everything in this session. */
  async close(): Promise<void> {
    await this.lease[Symbol.asyncDispose]();
  }

  /** Revokes the lease; one that has ended already is no error. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Begins a session. Rejects with NotFound when the lease to take over does not exist. */
export async function openSession(
  client: Client,
  clock: Clock,
  options: SessionOptions,
): Promise<Session> {
  const { ttlSeconds = DEFAULT_TTL_SECONDS, lease: id, ...call } = options;
  if (id === undefined || id === 0n) {
    return new Session(client, clock, await client.grantLease(ttlSeconds, call));
  }
  const grantedSeconds = await client.lease(id, ttlSeconds).keepAliveOnce(call);
  return new Session(client, clock, client.lease(id, grantedSeconds));
}

/**
 * Takes something in a session: in the given one, or in one of its own, which is ended again when
 * nothing was taken.
 */
export async function takeInSession<Taken>(
  client: Client,
  given: Session | undefined,
  options: SessionOptions,
  take: (session: Session) => Promise<Taken>,
): Promise<Taken> {
  if (given !== undefined) return await take(given);
  const session = await client.session(options);
  try {
    const taken = await take(session);
    if (taken === undefined) await session.close();
    return taken;
  } catch (error) {
    // A lease that cannot be revoked now ends by itself.
    await settled(session.close());
    throw error;
  }
}
