import { assert } from "../../base/assert.ts";
import { settled } from "../../base/settled.ts";
import type { Store } from "../../core/mvcc/store.ts";
import type { DatabaseSize } from "../../core/quota/quota.ts";
import type { FilePairs } from "../../disk/backend/file_pairs.ts";
import type { BTreeFile } from "../../disk/btree/btree_file.ts";
import type { ReadTransaction } from "../../disk/btree/read_transaction.ts";
import type { YieldTurn } from "../../disk/btree/turn_budget.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import type { BackendFiles } from "./backend_files.ts";
import type { BackendDurations } from "./backend_durations.ts";
import { Checkpointer, type CheckpointerParts } from "./checkpointer.ts";
import { defragment } from "./defragmentation.ts";
import { yieldTurn } from "../turns.ts";

/**
 * The lasting form of the applied state: etcd's B-tree file, which follows the state at a small
 * distance. A server that lives in memory only has one as well, in memory, and writes it on demand.
 */
export class Backend implements DatabaseSize {
  readonly durations: BackendDurations;
  readonly #parts: CheckpointerParts;
  readonly #files: BackendFiles;
  readonly #store: Store;
  readonly #checkpointer: Checkpointer;
  #defragmentation: Promise<void> | undefined;
  /** What is being read by `read`. */
  readonly #readings = new Set<Promise<unknown>>();
  #isClosing = false;

  constructor(parts: CheckpointerParts, appliedIndex: number) {
    this.#parts = parts;
    this.durations = parts.durations;
    this.#files = parts.files;
    this.#store = parts.store;
    this.#checkpointer = new Checkpointer(parts, appliedIndex);
  }

  /** The present file; defragmentation replaces it. */
  get file(): BTreeFile {
    return this.#files.file;
  }

  get pairs(): FilePairs {
    return this.#files.pairs;
  }

  /** The size of the file, with the space in it that is free: etcd's dbSize. */
  get sizeBytes(): number {
    return this.#isOnDemand ? this.#store.sizeInUseBytes : this.file.sizeBytes;
  }

  /** How much of the size holds data: etcd's dbSizeInUse. */
  get inUseBytes(): number {
    return this.#isOnDemand ? this.#store.sizeInUseBytes : this.sizeBytes - this.file.freeBytes;
  }

  /** Whether the file is being defragmented. */
  get isDefragmenting(): boolean {
    return this.#defragmentation !== undefined;
  }

  /** For the quota: the size that the file has at least once everything applied is in it. */
  get totalBytes(): number {
    if (this.#isOnDemand) return this.sizeBytes;
    const growthBytes = Math.max(0, this.#store.pendingBytes - this.file.freeBytes);
    return this.sizeBytes + growthBytes;
  }

  /** Says that the applied state has changed; call it between two log entries. */
  changed(): void {
    this.#checkpointer.changed();
  }

  /** Resolves when the file has all that is applied now. */
  checkpoint(): Promise<void> {
    return this.#checkpointer.checkpoint();
  }

  /** Like `checkpoint()`, but resolves at once if nothing lasts here anyway. */
  async followed(): Promise<void> {
    if (!this.#isOnDemand) await this.checkpoint();
  }

  /** The file with all that is applied now, pinned for reading; the caller closes it. */
  async openSnapshot(): Promise<ReadTransaction> {
    await this.checkpoint();
    if (this.#isClosing) throw ETCD_ERRORS.stopped;
    return this.file.beginRead();
  }

  /**
   * Reads the file with all that is applied now. `use` calls `yieldTurn` between its turns, which
   * throws etcd's `stopped` if the server stops meanwhile: closing waits for `use`.
   */
  async read<T>(use: (read: ReadTransaction, yieldTurn: YieldTurn) => Promise<T>): Promise<T> {
    const read = await this.openSnapshot();
    const reading = use(read, () => this.#yieldUnlessClosing()).finally(() => read.close());
    this.#readings.add(reading);
    try {
      return await reading;
    } finally {
      this.#readings.delete(reading);
    }
  }

  /**
   * Gives the space that is free in the file back to the file system. Reading and writing go on
   * meanwhile; the file follows again when it is done. Whoever asks while one is under way waits for
   * that one.
   */
  defragment(): Promise<void> {
    this.#defragmentation ??= this.#defragment().finally(() => {
      this.#defragmentation = undefined;
    });
    return this.#defragmentation;
  }

  /** Brings what is still missing into the file, unless a failure made that pointless, and closes it. */
  async close(failure: unknown): Promise<void> {
    assert(!this.#isClosing, "a backend is closed once");
    this.#isClosing = true;
    try {
      await settled(this.#defragmentation);
      await this.#checkpointer.stop();
      // The next start is fast when little of the log lies behind the newest snapshot.
      this.#parts.snapshots?.finish();
      if (failure === undefined && !this.#isOnDemand) await this.checkpoint();
      this.#checkpointer.refuse(ETCD_ERRORS.stopped);
    } finally {
      for (const reading of this.#readings) await settled(reading);
      await this.#files.close();
    }
  }

  get #isOnDemand(): boolean {
    return this.#parts.snapshots === undefined;
  }

  async #defragment(): Promise<void> {
    await this.checkpoint();
    await this.#checkpointer.suspend();
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    try {
      await defragment(this.#files, clock, () => this.#yieldUnlessClosing());
      this.durations.defragmentations.add((clock.monotonicMs() - startedMs) / 1000);
    } catch (error) {
      if (this.#files.isOutdated) this.#checkpointer.fail(error);
      throw error;
    } finally {
      this.#checkpointer.resume();
    }
  }

  async #yieldUnlessClosing(): Promise<void> {
    await yieldTurn(this.#parts.clock);
    if (this.#isClosing) throw ETCD_ERRORS.stopped;
  }
}
