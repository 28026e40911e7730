import { join } from "node:path";
import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { settled } from "../base/settled.ts";
import type { Entry, HardState } from "../pb/raftpb.ts";
import type { Snapshot } from "../pb/walpb.ts";
import type { DiskFile, FileSystem } from "./file_system.ts";
import { DISK_LIMITS } from "./limits.ts";
import { isEmptyHardState, RecordEncoder } from "./wal_record.ts";
import { newWalSegment, type WalSegment } from "./wal_segment.ts";

/** Hears what the log does, for metrics. */
export interface WalObserver {
  written(sizeBytes: number, durationMs: number): void;
  synced(durationMs: number): void;
}

/** Where a log is and how it is kept. */
export interface WalOptions {
  readonly fileSystem: FileSystem;
  /** The directory of the segments, `member/wal` if the user chose no other. */
  readonly directory: string;
  readonly clock: Clock;
  readonly observer?: WalObserver | undefined;
  /** etcd's own size by default; a smaller one is for tests. */
  readonly segmentSizeBytes?: number | undefined;
  /** Never wait for the disk: a loss of power may then lose acknowledged data. */
  readonly unsafeNoSync?: boolean | undefined;
}

/** Where and how appending goes on. */
interface WalTail {
  readonly metadata: Uint8Array;
  /** The last state in the log; all zero if there is none. */
  readonly hardState: HardState;
  readonly lastIndex: number;
  /** All segments on the disk, oldest first; the last one is the one to append to. */
  readonly segments: readonly WalSegment[];
  /** The segments before this one may be purged. */
  readonly firstNeededSequence: number;
  /** The last segment, open for writing, and the end of what is good in it. */
  readonly file: DiskFile;
  readonly offset: number;
  readonly crc: number;
}

/** A segment that is in use but does not have its name yet. */
interface PendingCut {
  /** The segment before, which must be on the disk first. */
  readonly previous: DiskFile;
  readonly file: DiskFile;
  readonly segment: WalSegment;
}

/**
 * The write-ahead log in etcd's format, open for appending: see `createWal` and `openWal`. What was
 * appended is safe once a `sync` that was called later is done.
 *
 * A write or sync that fails is final: nobody knows what is on the disk then, so every later call
 * throws the same error, and the member has to stop.
 */
export class Wal {
  readonly directory: string;
  readonly #fileSystem: FileSystem;
  readonly #clock: Clock;
  readonly #observer: WalObserver | undefined;
  readonly #segmentSizeBytes: number;
  readonly #waitsForDisk: boolean;
  readonly #metadata: Uint8Array;
  readonly #encoder: RecordEncoder;

  /** Those on the disk under their names, oldest first. */
  readonly #segments: WalSegment[];
  #firstNeededSequence: number;

  /** The segment that is appended to. */
  #file: DiskFile;
  #offset: number;
  #lastSequence: number;
  /** What the next sync has to make good, oldest first. */
  readonly #cuts: PendingCut[] = [];
  /** The file for the next segment, made ahead so that a cut does not have to wait for it. */
  #prepared: DiskFile | undefined;
  #preparedCount = 0;

  #hardState: HardState;
  #lastIndex: number;
  #syncInFlight: Promise<void> | undefined;
  #failure: unknown;
  #isClosed = false;

  constructor(options: WalOptions, tail: WalTail) {
    this.directory = options.directory;
    this.#fileSystem = options.fileSystem;
    this.#clock = options.clock;
    this.#observer = options.observer;
    this.#segmentSizeBytes = options.segmentSizeBytes ?? DISK_LIMITS.walSegmentSizeBytes;
    this.#waitsForDisk = options.unsafeNoSync !== true;
    this.#metadata = tail.metadata;
    this.#encoder = new RecordEncoder(tail.crc);
    this.#segments = [...tail.segments];
    this.#firstNeededSequence = tail.firstNeededSequence;
    this.#file = tail.file;
    this.#offset = tail.offset;
    this.#lastSequence = tail.segments[tail.segments.length - 1].sequence;
    this.#hardState = tail.hardState;
    this.#lastIndex = tail.lastIndex;
  }

  /** The index of the last entry, or of the last snapshot if that is higher. */
  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** What made the log unusable; undefined while all is well. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Writes a batch: the entries, which may replace a suffix of the log, then the state. Nothing is
   * kept of the arguments' bytes. The result says whether the batch must be synced before it is
   * acknowledged; a mere move of the commit index need not.
   */
  append(hardState: HardState | undefined, entries: readonly Entry[]): boolean {
    this.#checkUsable();
    const hasState = hardState !== undefined && !isEmptyHardState(hardState);
    if (!hasState && entries.length === 0) return false;
    let mustSync = entries.length > 0;
    this.#encoder.reset();
    if (entries.length > 0) {
      this.#checkOrder(entries);
      this.#encoder.entries(entries);
    }
    if (hasState) {
      const last = this.#hardState;
      mustSync ||= hardState.term !== last.term || hardState.vote !== last.vote;
      this.#encoder.hardState(hardState);
      this.#hardState = { ...hardState };
    }
    this.#write();
    if (entries.length > 0) this.#lastIndex = entries[entries.length - 1].index;
    return this.#cutIfFull() || mustSync;
  }

  /** Records that a snapshot was saved, after its file is safe; done when the record is safe too. */
  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    this.#checkUsable();
    this.#encoder.reset();
    this.#encoder.snapshot(snapshot);
    this.#write();
    this.#lastIndex = Math.max(this.#lastIndex, snapshot.index);
    this.#cutIfFull();
    await this.sync();
  }

  /** Done when all that was appended before the call is safe. Appending may go on meanwhile. */
  async sync(): Promise<void> {
    while (this.#syncInFlight !== undefined) await settled(this.#syncInFlight);
    this.#checkUsable();
    this.#syncInFlight = this.#syncAll();
    try {
      await this.#syncInFlight;
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.#syncInFlight = undefined;
    }
  }

  /** Like `sync`, holding up the whole process meanwhile; not while a `sync` is under way. */
  syncNow(): void {
    this.#checkUsable();
    assert(this.#syncInFlight === undefined, "one sync at a time");
    try {
      if (this.#cuts.length === 0) this.#syncFileNow(this.#file);
      for (const cut of [...this.#cuts]) {
        this.#syncFileNow(cut.previous);
        this.#syncFileNow(cut.file);
        this.#giveName(cut);
        if (this.#waitsForDisk) this.#fileSystem.syncDirectoryNow(this.directory);
        this.#finishCut(cut);
      }
      this.#prepareNext();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /**
   * Says that entries up to the index are in a snapshot. The segments that hold nothing else may be
   * purged from now on.
   */
  releaseTo(index: number): void {
    const segments = this.#segments;
    let behind = segments.findIndex((segment) => segment.index >= index);
    if (behind < 0) behind = segments.length;
    if (behind === 0) return;
    // The one before `behind` may hold the entry of the index itself.
    const needed = segments[behind - 1].sequence;
    this.#firstNeededSequence = Math.max(this.#firstNeededSequence, needed);
  }

  /** Removes the oldest segments that are not needed while there are more than `keepCount`. */
  purge(keepCount: number): WalSegment[] {
    this.#checkUsable();
    const removed: WalSegment[] = [];
    const segments = this.#segments;
    while (
      segments.length > keepCount && segments[0].sequence < this.#firstNeededSequence
    ) {
      this.#fileSystem.remove(join(this.directory, segments[0].name));
      removed.push(segments[0]);
      segments.shift();
    }
    return removed;
  }

  /** Syncs what was appended, unless a failure made that pointless, and closes the files. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    try {
      if (this.#syncInFlight !== undefined) await settled(this.#syncInFlight);
      if (this.#failure === undefined) await this.sync();
    } finally {
      this.#isClosed = true;
      this.#closeFiles();
    }
  }

  #closeFiles(): void {
    for (const cut of this.#cuts) cut.previous.close();
    this.#file.close();
    const prepared = this.#prepared;
    if (prepared === undefined) return;
    prepared.close();
    this.#prepared = undefined;
    if (this.#failure === undefined) this.#fileSystem.remove(prepared.path);
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    assert(!this.#isClosed, "a closed log is not used");
  }

  #fail(error: unknown): unknown {
    this.#failure ??= error;
    return this.#failure;
  }

  #checkOrder(entries: readonly Entry[]): void {
    let expected = entries[0].index;
    assert(expected > 0 && expected <= this.#lastIndex + 1, "no gap before a batch of entries");
    for (let i = 0; i < entries.length; i++, expected++) {
      assert(entries[i].index === expected, "no gap inside a batch of entries");
    }
  }

  /** Puts what is in the encoder behind the end of the segment. */
  #write(): void {
    const sizeBytes = this.#encoder.sizeBytes;
    const startMs = this.#clock.monotonicMs();
    try {
      this.#file.writeAt(this.#encoder.buffer, 0, sizeBytes, this.#offset);
    } catch (error) {
      throw this.#fail(error);
    }
    this.#offset += sizeBytes;
    this.#observer?.written(sizeBytes, this.#clock.monotonicMs() - startMs);
  }

  /**
   * Goes on in the next segment if this one is full. The next one gets its name only in the sync to
   * come, when all before it is on the disk; so nobody waits here.
   */
  #cutIfFull(): boolean {
    if (this.#offset < this.#segmentSizeBytes) return false;
    try {
      this.#file.truncate(this.#offset);
      this.#prepareNext();
      const segment = newWalSegment(this.#lastSequence + 1, this.#lastIndex + 1);
      const cut = { previous: this.#file, file: this.#takePrepared(segment), segment };
      this.#cuts.push(cut);
      this.#file = cut.file;
    } catch (error) {
      throw this.#fail(error);
    }
    this.#lastSequence++;
    this.#offset = 0;
    this.#encoder.reset();
    this.#encoder.segmentHead(this.#metadata, this.#hardState);
    this.#write();
    return true;
  }

  /**
   * The prepared file must not keep its name once there are records in it: etcd would take it for
   * an empty one if it took over after a crash.
   */
  #takePrepared(segment: WalSegment): DiskFile {
    const file = this.#prepared;
    assert(file !== undefined, "the next segment was prepared");
    this.#prepared = undefined;
    const path = join(this.directory, `${segment.name}.tmp`);
    this.#fileSystem.rename(file.path, path);
    file.path = path;
    return file;
  }

  #prepareNext(): void {
    if (this.#prepared !== undefined) return;
    // etcd alternates between two names, too: the last one may just be about to be renamed.
    const path = join(this.directory, `${this.#preparedCount++ % 2}.tmp`);
    this.#prepared = this.#fileSystem.open(path, "create");
    this.#prepared.truncate(this.#segmentSizeBytes);
  }

  async #syncAll(): Promise<void> {
    if (this.#cuts.length === 0) await this.#syncFile(this.#file);
    // What is appended meanwhile may cut again; that is for the next sync.
    for (const cut of [...this.#cuts]) {
      await this.#syncFile(cut.previous);
      await this.#syncFile(cut.file);
      this.#giveName(cut);
      if (this.#waitsForDisk) await this.#fileSystem.syncDirectory(this.directory);
      this.#finishCut(cut);
    }
    this.#prepareNext();
  }

  #giveName(cut: PendingCut): void {
    const path = join(this.directory, cut.segment.name);
    this.#fileSystem.rename(cut.file.path, path);
    cut.file.path = path;
  }

  #finishCut(cut: PendingCut): void {
    this.#cuts.shift();
    cut.previous.close();
    this.#segments.push(cut.segment);
  }

  async #syncFile(file: DiskFile): Promise<void> {
    if (!this.#waitsForDisk) return;
    const startMs = this.#clock.monotonicMs();
    await file.dataSync();
    this.#observer?.synced(this.#clock.monotonicMs() - startMs);
  }

  #syncFileNow(file: DiskFile): void {
    if (!this.#waitsForDisk) return;
    const startMs = this.#clock.monotonicMs();
    file.dataSyncNow();
    this.#observer?.synced(this.#clock.monotonicMs() - startMs);
  }
}
