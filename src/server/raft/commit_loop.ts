import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../../base/clock.ts";
import type { RaftNode } from "../../core/raft/raft_node.ts";
import type { Entry } from "../../pb/raftpb.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { LogStorage } from "./log_storage.ts";

/** What the loop needs from the server around it. */
interface CommitLoopHooks {
  readonly clock: Clock;
  /** Applies one committed entry. */
  applyEntry(entry: Entry): void;
  /** Raft confirmed that reads up to this context may answer once `index` is applied. */
  readConfirmed(context: number, index: number): void;
  /** Called behind each group of entries with the times when applying them began and ended. */
  appliedGroup(first: Entry, last: Entry, startedMs: number, endedMs: number): void;
  /** Called behind each slice of applied entries, before the loop goes on. */
  appliedSlice(): void;
  /** The disk failed, or an invariant broke: the member must stop. Called once. */
  failed(error: unknown): void;
}

/**
 * The one loop through which every change goes: what was proposed while a sync was under way is
 * written and synced as the next batch; while that sync runs, the batch before it is applied and
 * answered. No timer holds a batch back, and Raft bounds its size.
 */
export class CommitLoop {
  readonly #raft: RaftNode;
  readonly #storage: LogStorage;
  readonly #hooks: CommitLoopHooks;
  readonly #clock: Clock;
  #scheduled = false;
  #syncing = false;
  #stopped = false;
  #isApplying = false;
  /** Committed entries that are still to be applied, and how many of them are done. */
  #toApply: readonly Entry[] = [];
  #appliedCount = 0;
  /** The time at the last look at the clock. */
  #lookedAtMs = 0;
  #wokenMs = 0;
  #idle: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(raft: RaftNode, storage: LogStorage, hooks: CommitLoopHooks) {
    this.#raft = raft;
    this.#storage = storage;
    this.#hooks = hooks;
    this.#clock = hooks.clock;
  }

  /** Sees to it that what Raft has ready is handled once this turn's requests have been read. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#wokenMs = this.#clock.monotonicMs();
    setImmediate(this.#scheduledTurn);
  }

  /**
   * Goes on when all others had their turn. By a timer: between immediates the event loop hardly ever
   * looks at the sockets.
   */
  #yield(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#wokenMs = this.#lookedAtMs;
    this.#timer = this.#clock.setTimer(0, this.#scheduledTurn);
  }

  /**
   * When it was woken for what comes next. What wakes it again before has come in the same turn, or
   * hardly later, and need not look at the clock.
   */
  get wokenMs(): number {
    return this.#wokenMs;
  }

  /** Whether entries are being applied of which Raft has not been told yet. */
  get isApplying(): boolean {
    return this.#isApplying;
  }

  /** Takes nothing more; resolves when the sync that may be under way has ended. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    if (!this.#syncing) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  readonly #scheduledTurn = (): void => {
    this.#scheduled = false;
    this.#turn();
  };

  #turn(): void {
    if (this.#stopped) return;
    try {
      this.#writeBatch();
      this.#applySlice();
    } catch (error) {
      this.#fail(error);
    }
  }

  #writeBatch(): void {
    // A batch waits for the sync before it, so that one sync covers all that came meanwhile; and
    // for the apply before it, so that entries are applied in order.
    if (this.#syncing || this.#toApply.length > 0 || !this.#raft.hasReady()) return;
    const ready = this.#raft.ready();
    const mustSync = this.#storage.append(ready.hardState, ready.entries);
    if (ready.committedEntries.length > 0) {
      this.#toApply = ready.committedEntries;
      this.#appliedCount = 0;
    }
    for (const { context, index } of ready.readStates) this.#hooks.readConfirmed(context, index);
    if (mustSync) this.#startSync(ready.entries);
    else if (ready.entries.length > 0) {
      this.#batchDurable(ready.entries);
      this.wake();
    }
  }

  #startSync(entries: readonly Entry[]): void {
    this.#syncing = true;
    this.#storage.sync().then(
      () => {
        this.#syncing = false;
        this.#idle?.();
        if (this.#stopped) return;
        this.#batchDurable(entries);
        // No detour over the event loop: clients wait for the answers of this batch.
        this.#turn();
      },
      (error) => {
        this.#syncing = false;
        this.#idle?.();
        this.#fail(error);
      },
    );
  }

  #batchDurable(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.#raft.persisted(entries[entries.length - 1].index);
  }

  #applySlice(): void {
    const entries = this.#toApply;
    if (entries.length === 0) return;
    const deadlineMs = this.#clock.monotonicMs() + SERVER_LIMITS.applySliceMs;
    let i = this.#appliedCount;
    this.#isApplying = true;
    do {
      const end = groupEnd(entries, i);
      this.#applyGroup(entries, i, end);
      i = end;
    } while (i < entries.length && this.#lookedAtMs < deadlineMs);
    this.#appliedCount = i;
    this.#raft.applied(entries[i - 1].index);
    this.#isApplying = false;
    if (i === entries.length) this.#toApply = [];
    this.#hooks.appliedSlice();
    if (this.#toApply.length > 0) this.#yield();
    else if (this.#raft.hasReady()) this.wake();
  }

  /** Applies a few entries between two looks at the clock. */
  #applyGroup(entries: readonly Entry[], start: number, end: number): void {
    const startedMs = this.#clock.monotonicMs();
    for (let i = start; i < end; i++) this.#hooks.applyEntry(entries[i]);
    this.#lookedAtMs = this.#clock.monotonicMs();
    this.#hooks.appliedGroup(entries[start], entries[end - 1], startedMs, this.#lookedAtMs);
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#hooks.failed(error);
  }
}

/** Where the entries end that are applied between two looks at the clock. */
function groupEnd(entries: readonly Entry[], start: number): number {
  const { applyEntriesPerClockCheck, applyBytesPerClockCheck } = SERVER_LIMITS;
  const last = Math.min(start + applyEntriesPerClockCheck, entries.length);
  let end = start;
  for (let sizeBytes = 0; end < last && sizeBytes < applyBytesPerClockCheck; end++) {
    sizeBytes += entries[end].data?.length ?? 0;
  }
  return end;
}
