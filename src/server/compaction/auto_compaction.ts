import type { Clock, Timer } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { AutoCompactor } from "../../core/compactor/auto_compactor.ts";
import { PeriodicCompactor } from "../../core/compactor/periodic_compactor.ts";
import { RevisionCompactor } from "../../core/compactor/revision_compactor.ts";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import type { ServerConfig } from "../server_config.ts";

/** What automatic compaction asks of the server. */
export interface CompactionProposer {
  /** Whether this member may decide that history is old: only the leader may. */
  readonly leads: boolean;
  readonly currentRevision: number;
  /** Proposes to compact. */
  compact(revision: number, settled: (error: EtcdError | undefined) => void): void;
}

/** Gives the compactor its looks at the revision, and proposes what it finds due. */
export class AutoCompaction {
  readonly #mode: string;
  readonly #compactor: AutoCompactor;
  readonly #proposer: CompactionProposer;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #stopped = false;

  /** `mode` goes into log lines. */
  constructor(
    mode: string,
    compactor: AutoCompactor,
    proposer: CompactionProposer,
    clock: Clock,
    logger: Logger,
  ) {
    this.#mode = mode;
    this.#compactor = compactor;
    this.#proposer = proposer;
    this.#clock = clock;
    this.#logger = logger;
    this.#waitForLook();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #waitForLook(): void {
    if (this.#stopped) return;
    const { lookIntervalMs } = this.#compactor;
    this.#timer = this.#clock.setTimer(lookIntervalMs, () => this.#look());
  }

  #look(): void {
    const { currentRevision, leads } = this.#proposer;
    const revision = this.#compactor.look(this.#clock.monotonicMs(), currentRevision, leads);
    if (revision === undefined) this.#waitForLook();
    else this.#compact(revision);
  }

  #compact(revision: number): void {
    const startedMs = this.#clock.monotonicMs();
    this.#logger.info(`starting auto ${this.#mode} compaction`, { revision });
    this.#proposer.compact(revision, (error) => {
      this.#settled(revision, startedMs, error);
      this.#waitForLook();
    });
  }

  #settled(revision: number, startedMs: number, error: EtcdError | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    // Somebody else may have been quicker, which is as good.
    if (error === undefined || error === ETCD_ERRORS.compacted) {
      this.#compactor.compacted(revision, nowMs);
      const fields = { revision, "took-ms": nowMs - startedMs };
      this.#logger.info(`completed auto ${this.#mode} compaction`, fields);
      return;
    }
    const fields = {
      revision,
      "retry-interval-ms": this.#compactor.lookIntervalMs,
      error: error.message,
    };
    this.#logger.warn(`failed auto ${this.#mode} compaction`, fields);
  }
}

/** Begins to compact automatically, if the configuration asks for it. */
export function startAutoCompaction(
  { autoCompaction, clock, logger }: ServerConfig,
  proposer: CompactionProposer,
): AutoCompaction | undefined {
  if (autoCompaction === undefined) return undefined;
  const compactor = autoCompaction.mode === "revision"
    ? new RevisionCompactor(autoCompaction.retainedRevisions)
    : new PeriodicCompactor(
      autoCompaction.periodMs,
      clock.monotonicMs(),
      proposer.currentRevision,
    );
  return new AutoCompaction(autoCompaction.mode, compactor, proposer, clock, logger);
}
