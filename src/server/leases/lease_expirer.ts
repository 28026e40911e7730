import type { Clock, Timer } from "../../base/clock.ts";
import type { EtcdError } from "../../core/errors.ts";
import type { Lessor } from "../../core/lease/lessor.ts";
import { SERVER_LIMITS } from "../limits.ts";

/** What the expirer asks of the server. */
export interface LeaseRevoker {
  /** Whether this member may decide that time is up: only the leader may. */
  readonly leads: boolean;
  /** Proposes the revocation. */
  revokeLease(id: bigint, settled: (error: EtcdError | undefined) => void): void;
}

/** Looks for expired leases and proposes to revoke them, as the leader does in etcd. */
export class LeaseExpirer {
  readonly #lessor: Lessor;
  readonly #revoker: LeaseRevoker;
  readonly #clock: Clock;
  readonly #retryMs: number;
  #timer: Timer | undefined;
  /** Leases found expired and revoked in the name of time, for the metrics. */
  expiredCount = 0;

  /** A revocation that failed is tried again after `retryMs`. */
  constructor(lessor: Lessor, revoker: LeaseRevoker, clock: Clock, retryMs: number) {
    this.#lessor = lessor;
    this.#revoker = revoker;
    this.#clock = clock;
    this.#retryMs = retryMs;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(SERVER_LIMITS.leaseExpiryScanMs, () => {
      if (this.#revoker.leads) this.#scan();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #scan(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const id of this.#lessor.expired(nowMs, SERVER_LIMITS.leaseExpiriesPerScan)) {
      this.#revoker.revokeLease(id, (error) => {
        if (error === undefined) this.expiredCount++;
        // The lease may be gone by now, revoked by its owner; then there is nothing to repeat.
        else this.#lessor.requeue(id, this.#clock.monotonicMs() + this.#retryMs);
      });
    }
  }
}
