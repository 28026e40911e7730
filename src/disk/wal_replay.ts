import { assert } from "../base/assert.ts";
import { bytesEqual } from "../base/bytes.ts";
import { Entry, HardState } from "../pb/raftpb.ts";
import { Snapshot } from "../pb/walpb.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import type { FileSystem } from "./file_system.ts";
import { RecordType } from "./wal_record.ts";
import { type WalEnd, type WalRecordVisitor, WalScan } from "./wal_scan.ts";
import { listWalSegments, selectWalSegments, type WalSegment } from "./wal_segment.ts";
import type { WalSegmentReader } from "./wal_segment_reader.ts";

/** The snapshot from which the log is read; 0 and 0 for the beginning. */
export interface WalStart {
  readonly index: number;
  readonly term: number;
}

/** What a log says. */
export interface WalContents {
  /** As it was given when the log was created. */
  readonly metadata: Uint8Array;
  /** The last one saved; all zero if none was. */
  readonly hardState: HardState;
  /** Those behind the start, without gaps; their data are views of what was read. */
  readonly entries: readonly Entry[];
}

const LAST_ENTRY_TYPE = 2;

/** Reads the part of a log that follows a snapshot. Call `step` until it returns false. */
export class WalReplay implements WalRecordVisitor {
  readonly directory: string;
  readonly start: WalStart;
  readonly segments: readonly WalSegment[];
  readonly #scan: WalScan;
  readonly #entries: Entry[] = [];
  #metadata: Uint8Array | undefined;
  #hardState: HardState = HardState.create();
  #startSeen = false;
  /** Whether the segment that is being read has more than a checksum record. */
  #headWhole = false;

  constructor(fileSystem: FileSystem, directory: string, start: WalStart) {
    this.directory = directory;
    this.start = start;
    this.segments = selectWalSegments(fileSystem, directory, start.index);
    this.#scan = new WalScan(fileSystem, directory, this.segments, this);
  }

  /** Reads on; false once everything was read. */
  step(): boolean {
    return this.#scan.step();
  }

  /** For a replay that is given up. */
  close(): void {
    this.#scan.close();
  }

  /** Where the log ends; undefined until everything was read. */
  get end(): WalEnd | undefined {
    return this.#scan.end;
  }

  /** Whether the log has a record of the snapshot from which it was read. */
  get startSeen(): boolean {
    return this.#startSeen;
  }

  /** Whether the last segment that has records at all has those that a segment starts with. */
  get lastHeadIsWhole(): boolean {
    return this.#headWhole;
  }

  /** What was read, once everything was. Throws a DiskError if it does not fit together. */
  contents(): WalContents {
    assert(this.end !== undefined, "the log was read to its end");
    const metadata = this.#metadata;
    if (metadata === undefined) throw this.#contradiction("there is no metadata in it");
    if (!this.#startSeen) {
      throw this.#contradiction(`there is no record of the snapshot at index ${this.start.index}`);
    }
    const lastIndex = this.start.index + this.#entries.length;
    if (this.#hardState.commit > lastIndex) {
      throw this.#contradiction(
        `entries up to index ${this.#hardState.commit} were committed, ` +
          `but the last one in it has index ${lastIndex}`,
      );
    }
    return { metadata, hardState: this.#hardState, entries: this.#entries };
  }

  record(reader: WalSegmentReader): void {
    // The checksum does not cover a record's type, but etcd starts every segment in this way.
    if (!this.#headWhole && reader.recordOffset > 0 && reader.type !== RecordType.METADATA) {
      throw reader.corruption("the file's second record is not the metadata");
    }
    this.#headWhole = reader.type !== RecordType.CRC;
    switch (reader.type) {
      case RecordType.ENTRY:
        this.#entry(reader);
        break;
      case RecordType.STATE:
        this.#hardState = decodeHardState(reader);
        break;
      case RecordType.METADATA:
        this.#takeMetadata(reader);
        break;
      case RecordType.SNAPSHOT:
        this.#snapshot(reader);
        break;
      case RecordType.CRC:
        // The reader has checked it.
        break;
      default:
        throw reader.corruption(`there is no record type ${reader.type}`);
    }
  }

  /** A later entry replaces an earlier one of the same index and all behind it. */
  #entry(reader: WalSegmentReader): void {
    const entry = Entry.decode(reader.bytes, reader.dataStart, reader.dataEnd);
    if (
      entry.type < 0 || entry.type > LAST_ENTRY_TYPE || entry.term === 0 || entry.index === 0 ||
      !Number.isSafeInteger(entry.term) || !Number.isSafeInteger(entry.index)
    ) {
      throw reader.corruption(
        `an entry cannot have type ${entry.type}, term ${entry.term}, index ${entry.index}`,
      );
    }
    const position = entry.index - this.start.index - 1;
    if (position < 0) return;
    if (position > this.#entries.length) {
      throw reader.corruption(
        `entry ${entry.index} follows entry ${this.start.index + this.#entries.length}`,
      );
    }
    this.#entries.length = position;
    this.#entries.push(entry);
  }

  #takeMetadata(reader: WalSegmentReader): void {
    const metadata = reader.bytes.slice(reader.dataStart, reader.dataEnd);
    if (this.#metadata !== undefined && !bytesEqual(this.#metadata, metadata)) {
      throw reader.corruption("the metadata differs from that of the segments before");
    }
    this.#metadata = metadata;
  }

  #snapshot(reader: WalSegmentReader): void {
    const snapshot = decodeSnapshot(reader);
    if (snapshot.index !== this.start.index) return;
    if (snapshot.term !== this.start.term) {
      throw new DiskError({
        operation: "read the log in",
        path: reader.path,
        code: DiskErrorCode.MISMATCH,
        what: `the snapshot at index ${snapshot.index} has term ${snapshot.term} here, ` +
          `but term ${this.start.term} in its file`,
        offset: reader.recordOffset,
      });
    }
    this.#startSeen = true;
  }

  #contradiction(what: string): DiskError {
    return new DiskError({
      operation: "use the log in",
      path: this.directory,
      code: DiskErrorCode.MISMATCH,
      what,
      advice: "Restore this member from a backup or, in a cluster, remove it and add it again",
    });
  }
}

/**
 * Finds the snapshots from which the log can be read: those that it records and that were committed,
 * oldest first. Call `step` until it returns false.
 */
export class WalSnapshotSearch implements WalRecordVisitor {
  readonly #scan: WalScan;
  readonly #snapshots: Snapshot[] = [];
  #commit = 0;

  constructor(fileSystem: FileSystem, directory: string) {
    const segments = listWalSegments(fileSystem, directory);
    this.#scan = new WalScan(fileSystem, directory, segments, this);
  }

  /** Reads on; false once everything was read. */
  step(): boolean {
    return this.#scan.step();
  }

  /** For a search that is given up. */
  close(): void {
    this.#scan.close();
  }

  /** What was found, once everything was read. */
  snapshots(): Snapshot[] {
    return this.#snapshots.filter((snapshot) => snapshot.index <= this.#commit);
  }

  record(reader: WalSegmentReader): void {
    if (reader.type === RecordType.SNAPSHOT) this.#snapshots.push(decodeSnapshot(reader));
    else if (reader.type === RecordType.STATE) this.#commit = decodeHardState(reader).commit;
  }
}

/**
 * The checksum does not cover a record's type, so a state may be another record in disguise; a true
 * one has a term and numbers that fit.
 */
function decodeHardState(reader: WalSegmentReader): HardState {
  const state = HardState.decode(reader.bytes, reader.dataStart, reader.dataEnd);
  if (
    state.term === 0 || !Number.isSafeInteger(state.term) || !Number.isSafeInteger(state.commit)
  ) {
    throw reader.corruption(
      `a state cannot have term ${state.term}, vote ${state.vote}, commit ${state.commit}`,
    );
  }
  return state;
}

function decodeSnapshot(reader: WalSegmentReader): Snapshot {
  const snapshot = Snapshot.decode(reader.bytes, reader.dataStart, reader.dataEnd);
  if (!Number.isSafeInteger(snapshot.index) || !Number.isSafeInteger(snapshot.term)) {
    throw reader.corruption(
      `a snapshot cannot have index ${snapshot.index} and term ${snapshot.term}`,
    );
  }
  return snapshot;
}
