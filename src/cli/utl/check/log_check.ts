import { join } from "node:path";
import { bytesEqual } from "../../../base/bytes.ts";
import { RecordType } from "../../../disk/wal_record.ts";
import { type WalRecordVisitor, WalScan } from "../../../disk/wal_scan.ts";
import type { WalSegment } from "../../../disk/wal_segment.ts";
import type { WalSegmentReader } from "../../../disk/wal_segment_reader.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { Entry, EntryType, HardState } from "../../../pb/raftpb.ts";
import { Snapshot } from "../../../pb/walpb.ts";
import { entryForm, UNREADABLE } from "../dump/entry_form.ts";
import type { Findings } from "./findings.ts";

/** What a log says as a whole. */
export interface LogSummary {
  /** The first segment's name says that entries from here on are in the log. */
  readonly firstIndex: number;
  /** Of the last entry, or of the last snapshot if that is higher. */
  readonly lastIndex: number;
  readonly hardState: HardState;
  /** The recorded snapshots that were committed, oldest first. */
  readonly snapshots: readonly Snapshot[];
}

/**
 * Reads a log from its start to its end: every checksum is checked by the reader, and here, whether
 * the records make a log together.
 */
export function checkLog(
  fileSystem: FileSystem,
  directory: string,
  segments: readonly WalSegment[],
  findings: Findings,
): LogSummary {
  const check = new LogCheck(findings);
  const scan = new WalScan(fileSystem, directory, segments, check);
  try {
    while (scan.step());
  } finally {
    scan.close();
  }
  const { end } = scan;
  if (end?.isTorn === true) {
    const path = join(directory, end.segment.name);
    findings.notes.push(
      `${path}: byte ${end.offset}: the last record is not complete, as a loss of power leaves ` +
        "it; a server that starts removes it",
    );
  }
  return check.summary(segments[0], directory);
}

class LogCheck implements WalRecordVisitor {
  readonly #findings: Findings;
  #metadata: Uint8Array | undefined;
  #hardState = HardState.create();
  readonly #snapshots: Snapshot[] = [];
  /** Of the last entry; undefined before the first one. */
  #lastEntry: number | undefined;
  #lastSnapshot = 0;
  /** Whether the record before was the checksum at the start of a segment. */
  #startsSegment = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  record(reader: WalSegmentReader): void {
    // The checksum does not cover a record's type, but every segment starts in this way.
    if (this.#startsSegment && reader.type !== RecordType.METADATA) {
      this.#find(reader, "the file's second record is not the metadata");
    }
    this.#startsSegment = reader.type === RecordType.CRC;
    switch (reader.type) {
      case RecordType.CRC:
        break;
      case RecordType.METADATA:
        this.#checkMetadata(reader);
        break;
      case RecordType.ENTRY:
        this.#checkEntry(reader);
        break;
      case RecordType.STATE:
        this.#checkState(reader);
        break;
      case RecordType.SNAPSHOT:
        this.#takeSnapshot(reader);
        break;
      default:
        this.#find(reader, `there is no record type ${reader.type}`);
    }
  }

  summary(first: WalSegment, directory: string): LogSummary {
    const { commit } = this.#hardState;
    const lastIndex = Math.max(this.#lastEntry ?? 0, this.#lastSnapshot);
    if (this.#metadata === undefined) {
      this.#findings.add(directory, undefined, "the log has no metadata");
    }
    if (commit > lastIndex) {
      const what = `entries up to ${commit} were committed, but the log ends at ${lastIndex}`;
      this.#findings.add(directory, undefined, what);
    }
    return {
      firstIndex: first.index,
      lastIndex,
      hardState: this.#hardState,
      snapshots: this.#snapshots.filter(({ index }) => index <= commit),
    };
  }

  #checkMetadata(reader: WalSegmentReader): void {
    const metadata = reader.bytes.slice(reader.dataStart, reader.dataEnd);
    if (this.#metadata !== undefined && !bytesEqual(this.#metadata, metadata)) {
      this.#find(reader, "the metadata differs from that of the segments before");
    }
    this.#metadata = metadata;
  }

  #checkEntry(reader: WalSegmentReader): void {
    const entry = Entry.decode(reader.bytes, reader.dataStart, reader.dataEnd);
    const { type, index, term } = entry;
    const before = this.#lastEntry;
    const follows = before === undefined || index <= Math.max(before, this.#lastSnapshot) + 1;
    if (!follows) this.#find(reader, `entry ${index} follows entry ${before}`);
    const isPossible = type >= 0 && type <= EntryType.EntryConfChangeV2 && index > 0 && term > 0 &&
      Number.isSafeInteger(index) && Number.isSafeInteger(term);
    if (!isPossible) {
      this.#find(reader, `an entry cannot have type ${type}, term ${term} and index ${index}`);
    }
    if (entryForm(entry).kind === UNREADABLE) {
      this.#find(reader, `entry ${index} asks for nothing that etcd knows`);
    }
    this.#lastEntry = index;
  }

  #checkState(reader: WalSegmentReader): void {
    const state = HardState.decode(reader.bytes, reader.dataStart, reader.dataEnd);
    const { term, commit } = this.#hardState;
    // An entry whose record says that it is a state can be read as one, but for its data.
    if (HardState.encode(state).length !== reader.dataEnd - reader.dataStart) {
      this.#find(reader, "the record is not a state");
    }
    if (state.term < term || state.commit < commit) {
      this.#find(
        reader,
        `term and commit went back from ${term} and ${commit} to ${state.term} and ${state.commit}`,
      );
    }
    this.#hardState = state;
  }

  #takeSnapshot(reader: WalSegmentReader): void {
    const snapshot = Snapshot.decode(reader.bytes, reader.dataStart, reader.dataEnd);
    this.#lastSnapshot = Math.max(this.#lastSnapshot, snapshot.index);
    this.#snapshots.push(snapshot);
  }

  #find({ path, recordOffset }: WalSegmentReader, what: string): void {
    this.#findings.add(path, recordOffset, what);
  }
}
