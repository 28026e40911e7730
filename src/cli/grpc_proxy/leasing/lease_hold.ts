import { LeaseKeeper } from "../../../embed/client/leases/lease_keeper.ts";
import type { ClientSession } from "../../../embed/client/client_session.ts";
import {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseRevokeRequest,
} from "../../../pb/etcdserverpb.ts";
import { LEASE_SERVICE } from "../../../pb/services.ts";
import { LEASING_LIMITS } from "./limits.ts";

/** A lease that is granted and kept, and that tells at any moment whether it may have ended. */
export class LeaseHold {
  readonly id: bigint;
  /** Resolves when the lease was renewed for the first time. */
  readonly renewed: Promise<void>;
  /** Resolves when the lease is kept no longer. */
  readonly ended: Promise<void>;
  readonly #session: ClientSession;
  readonly #keeper: LeaseKeeper;

  private constructor(session: ClientSession, id: bigint, ttlSeconds: number) {
    const renewed = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.id = id;
    this.renewed = renewed.promise;
    this.ended = ended.promise;
    this.#session = session;
    this.#keeper = new LeaseKeeper(session, id, ttlSeconds, {
      renewed: () => renewed.resolve(),
      ended: () => ended.resolve(),
    });
    this.#keeper.start();
  }

  static async grant(session: ClientSession, ttlSeconds: number): Promise<LeaseHold> {
    const request = LeaseGrantRequest.encode(LeaseGrantRequest.create({ ttl: ttlSeconds }));
    const { path } = LEASE_SERVICE.leaseGrant;
    const options = { timeoutMs: LEASING_LIMITS.callTimeoutMs, signal: session.closing };
    const bytes = await session.transport.unary(path, request, options);
    const { id, ttl } = LeaseGrantResponse.decode(bytes);
    return new LeaseHold(session, id, ttl);
  }

  /**
   * Whether the servers cannot have ended the lease by themselves: its time is counted from before they
   * began to. A timer would tell too late in a process that has been stopped and goes on.
   */
  get isCertain(): boolean {
    return this.#session.clock.monotonicMs() < this.#keeper.endsAtMs;
  }

  /** Ends the lease, and with it the keys on it; it would end by itself. */
  async revoke(): Promise<void> {
    this.#keeper.stop();
    const request = LeaseRevokeRequest.encode(LeaseRevokeRequest.create({ id: this.id }));
    const { path } = LEASE_SERVICE.leaseRevoke;
    const timeoutMs = LEASING_LIMITS.farewellMs;
    // Waiting for a connection is bounded, too.
    const signal = AbortSignal.timeout(timeoutMs);
    await this.#session.transport.unary(path, request, { timeoutMs, signal });
  }
}
