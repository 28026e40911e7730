import type { Clock, Timer } from "../../base/clock.ts";
import type { EtcdError } from "../../core/errors.ts";
import type { LeaseCheckpoint, Lessor } from "../../core/lease/lessor.ts";
import { SERVER_LIMITS } from "../limits.ts";

/** What the checkpointer asks of the server. */
export interface CheckpointProposer {
  /** Whether this member knows how much is left: only the leader does. */
  readonly leads: boolean;
  /** Proposes to note what is left of leases. */
  checkpointLeases(
    checkpoints: readonly LeaseCheckpoint[],
    settled: (error: EtcdError | undefined) => void,
  ): void;
}

/**
 * Notes in the log from time to time how much is left of leases that live for long, so that a
 * change of leader or a restart does not give them all of their time again.
 */
export class LeaseCheckpointer {
  readonly #lessor: Lessor;
  readonly #proposer: CheckpointProposer;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(lessor: Lessor, proposer: CheckpointProposer, clock: Clock) {
    this.#lessor = lessor;
    this.#proposer = proposer;
    this.#clock = clock;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(SERVER_LIMITS.leaseCheckpointScanMs, () => {
      if (this.#proposer.leads) this.#propose(SERVER_LIMITS.leaseCheckpointBatchesPerScan);
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** One batch after the other; what is refused comes again with the next interval. */
  #propose(batchesLeft: number): void {
    const limit = SERVER_LIMITS.leaseCheckpointsPerBatch;
    const due = this.#lessor.checkpointsDue(this.#clock.monotonicMs(), limit);
    if (due.length === 0) return;
    this.#proposer.checkpointLeases(due, (error) => {
      if (error === undefined && due.length === limit && batchesLeft > 1) {
        this.#propose(batchesLeft - 1);
      }
    });
  }
}
