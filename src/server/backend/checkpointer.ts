import type { Clock, Timer } from "../../base/clock.ts";
import type { Store } from "../../core/mvcc/store.ts";
import { TurnBudget } from "../../disk/btree/turn_budget.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { BackendConfig } from "../server_config.ts";
import type { BackendDurations } from "./backend_durations.ts";
import type { BackendFiles } from "./backend_files.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import type { RaftSnapshots } from "./raft_snapshots.ts";
import type { AppliedPosition, StateCuts } from "./state_cuts.ts";
import { yieldTurn } from "../turns.ts";

/** What the checkpointer works with. */
export interface CheckpointerParts {
  readonly files: BackendFiles;
  readonly store: Store;
  readonly cuts: StateCuts;
  /** Undefined for a server that lives in memory only: it writes its file on demand. */
  readonly snapshots: RaftSnapshots | undefined;
  readonly config: BackendConfig;
  readonly durations: BackendDurations;
  readonly clock: Clock;
  /** How far the log is applied at present. */
  position(): AppliedPosition;
  /** The file can be trusted no more: the member must stop. Called once. */
  failed(error: unknown): void;
}

/**
 * Brings the applied state into the B-tree file from time to time: soon after it changed, sooner if
 * much has changed. The log keeps what the file does not have yet.
 */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  /** Changes of the state are counted to tell what a checkpoint has and what came later. */
  #changes = 0;
  #changesInFile = 0;
  /** The last log entry of the newest cut. */
  #cutIndex: number;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  /** While this is set, no checkpoint begins. */
  #suspension: PromiseWithResolvers<void> | undefined;
  #isStopped = false;
  #failure: unknown;

  constructor(parts: CheckpointerParts, appliedIndex: number) {
    this.#parts = parts;
    this.#cutIndex = appliedIndex;
  }

  /** Says that the state has changed; call it between two log entries. */
  changed(): void {
    this.#changes++;
    this.#schedule();
  }

  /** Resolves when the file has all that is applied now. Throws what made that impossible. */
  async checkpoint(): Promise<void> {
    const wanted = this.#changes;
    while (this.#changesInFile < wanted) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#running !== undefined) await this.#running;
      else if (this.#suspension !== undefined) await this.#suspension.promise;
      else await this.#start();
    }
  }

  /** Waits for the checkpoint that is under way; then none begins until `resume()`. */
  async suspend(): Promise<void> {
    while (this.#suspension !== undefined) await this.#suspension.promise;
    this.#suspension = Promise.withResolvers();
    this.#cancelTimer();
    await this.#running;
  }

  resume(): void {
    this.#suspension?.resolve();
    this.#suspension = undefined;
    this.#schedule();
  }

  /** Begins no more checkpoints by itself; resolves when none is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#running;
  }

  /** What is not in the file now never will be: whoever waits for it gets this error. */
  refuse(error: unknown): void {
    this.#failure ??= error;
  }

  /** Ends checkpoints for good, and the member: the file can be trusted no more. */
  fail(error: unknown): void {
    this.#isStopped = true;
    this.#failure = error;
    this.#cancelTimer();
    this.#parts.failed(error);
  }

  #schedule(): void {
    const isIdle = this.#running === undefined && this.#suspension === undefined;
    if (!isIdle || this.#isStopped || this.#parts.snapshots === undefined) return;
    if (this.#changesInFile === this.#changes) return;
    if (this.#isFull()) {
      this.#start();
      return;
    }
    this.#timer ??= this.#parts.clock.setTimer(this.#parts.config.batchIntervalMs, () => {
      this.#timer = undefined;
      if (this.#suspension === undefined && this.#running === undefined) this.#start();
    });
  }

  #isFull(): boolean {
    const { store, config } = this.#parts;
    if (store.pendingChanges >= config.batchLimit) return true;
    return this.#parts.position().index - this.#cutIndex >= config.batchLimit;
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The promise is always fulfilled; `#failure` tells how it ended. */
  #start(): Promise<void> {
    this.#cancelTimer();
    this.#running = this.#run().then(() => {
      this.#running = undefined;
      this.#schedule();
    }, (error) => {
      this.#running = undefined;
      this.fail(error);
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { files, store, cuts, snapshots, clock } = this.#parts;
    const changes = this.#changes;
    const position = this.#parts.position();
    const cut = cuts.take(position, snapshots?.isDue(position.index) === true);
    this.#cutIndex = position.index;
    const startedMs = clock.monotonicMs();
    const yieldNow = (): Promise<void> => yieldTurn(clock);
    const turn = new TurnBudget(clock, SERVER_LIMITS.checkpointTurnMs, yieldNow);
    await writeCheckpoint(files.file, cut, turn);
    this.#parts.durations.commits.add((clock.monotonicMs() - startedMs) / 1000);
    files.pairs.refresh();
    store.checkpointed(cut.store.revision);
    this.#changesInFile = changes;
    while (store.evict(SERVER_LIMITS.evictedBytesPerTurn)) await yieldNow();
    if (cut.snapshotData !== undefined) await snapshots?.save(position, cut.snapshotData);
  }
}
