import type { Clock } from "../../base/clock.ts";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import type { RaftNode } from "../../core/raft/raft_node.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { CommitLoop } from "../raft/commit_loop.ts";
import type { ServerConfig } from "../server_config.ts";
import { LateReads } from "./late_reads.ts";
import { ReadGate, type WaitingRead } from "./read_gate.ts";

/** What reading needs from the server around it. */
interface LinearizableReadsParts {
  readonly config: ServerConfig;
  readonly lifecycle: Lifecycle;
  readonly raft: RaftNode;
  readonly loop: CommitLoop;
}

/** Lets reads go as soon as the state holds all that was acknowledged before they came. */
export class LinearizableReads {
  readonly #clock: Clock;
  readonly #lifecycle: Lifecycle;
  readonly #raft: RaftNode;
  readonly #loop: CommitLoop;
  readonly #gate = new ReadGate();
  readonly #lateReads: LateReads;

  constructor({ config, lifecycle, raft, loop }: LinearizableReadsParts) {
    this.#clock = config.clock;
    this.#lifecycle = lifecycle;
    this.#raft = raft;
    this.#loop = loop;
    this.#lateReads = new LateReads(config.logger);
  }

  /** Reads that wait for their confirmation. */
  get waitingCount(): number {
    return this.#gate.count;
  }

  /** Reads given up because they were not confirmed in time. */
  get expiredCount(): number {
    return this.#gate.expiredCount;
  }

  /** Whether a read may answer from the state as it is right now. */
  get readableNow(): boolean {
    return this.#raft.readableNow && this.#lifecycle.isRunning;
  }

  /** Lets a read go as soon as it may, which is mostly at once. */
  whenReadable(read: WaitingRead): void {
    if (this.readableNow) {
      read.ready();
      return;
    }
    if (!this.#lifecycle.isRunning) {
      read.failed(ETCD_ERRORS.stopped);
      return;
    }
    this.#gate.add(read, this.#clock.monotonicMs());
    this.#askReadIndex();
  }

  /** One confirmation serves all reads that wait; without a leader the next tick asks again. */
  #askReadIndex(): void {
    const context = this.#gate.newestContext;
    if (context === 0 || !this.#raft.leads) return;
    this.#raft.readIndex(context);
    this.#loop.wake();
  }

  /** Raft confirmed that reads up to this context may answer once `index` is applied. */
  confirm(context: number, index: number): void {
    this.#gate.confirm(context, index);
    this.release();
  }

  /** Lets every read go that waited for what is applied by now. */
  release(): void {
    this.#gate.release(this.#raft.appliedIndex);
  }

  /** Says so when reads wait for long. */
  warnOfLate(nowMs: number): void {
    this.#lateReads.check(this.#gate.oldestUnconfirmedMs, this.#gate.count, nowMs);
  }

  /** Gives up on what has waited since before `sinceMs`, and asks again for the rest. */
  expire(sinceMs: number): void {
    this.#gate.expire(sinceMs);
    this.#askReadIndex();
  }

  /** Gives up on everything. */
  failAll(error: EtcdError): void {
    this.#gate.failAll(error);
  }
}
