import { join } from "node:path";
import { DecodeError } from "../pb/decode_error.ts";
import type { FileSystem } from "./file_system.ts";
import type { WalSegment } from "./wal_segment.ts";
import { WalSegmentReader } from "./wal_segment_reader.ts";

/** Takes the records of a log one by one. */
export interface WalRecordVisitor {
  /** May throw the reader's `corruption`; a DecodeError is turned into one. */
  record(reader: WalSegmentReader): void;
}

/** Where a log ends, and so where appending goes on. */
export interface WalEnd {
  readonly segment: WalSegment;
  /** The end of the last good record. */
  readonly offset: number;
  readonly crc: number;
  readonly isTorn: boolean;
  /** How the running checksum stood where this last segment starts. */
  readonly crcAtStart: number;
}

/**
 * Reads segments from the first to the last in steps of one chunk, so that nobody waits long for
 * their turn.
 */
export class WalScan {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #segments: readonly WalSegment[];
  readonly #visitor: WalRecordVisitor;
  #next = 0;
  #reader: WalSegmentReader | undefined;
  #crc = 0;
  #crcAtStart = 0;
  #end: WalEnd | undefined;

  constructor(
    fileSystem: FileSystem,
    directory: string,
    segments: readonly WalSegment[],
    visitor: WalRecordVisitor,
  ) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#segments = segments;
    this.#visitor = visitor;
  }

  /** Undefined until the scan is done. */
  get end(): WalEnd | undefined {
    return this.#end;
  }

  /** Reads on; false once everything was read. Throws a DiskError for damage. */
  step(): boolean {
    if (this.#end !== undefined) return false;
    const reader = this.#reader ?? this.#open();
    try {
      if (this.#readChunk(reader)) return true;
    } catch (error) {
      this.close();
      throw error instanceof DecodeError
        ? reader.corruption(`the record's content cannot be parsed (${error.message})`, error)
        : error;
    }
    this.close();
    this.#crc = reader.crc;
    if (this.#next === this.#segments.length) this.#finish(reader);
    return this.#end === undefined;
  }

  /** For a scan that is given up. */
  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  /** Visits records until another chunk was read; false at the end of the segment. */
  #readChunk(reader: WalSegmentReader): boolean {
    const chunkCount = reader.chunkCount;
    while (reader.next()) {
      this.#visitor.record(reader);
      if (reader.chunkCount !== chunkCount) return true;
    }
    return false;
  }

  #open(): WalSegmentReader {
    const name = this.#segments[this.#next].name;
    this.#next++;
    const file = this.#fileSystem.open(join(this.#directory, name), "read");
    this.#crcAtStart = this.#crc;
    this.#reader = new WalSegmentReader(file, this.#next === this.#segments.length, this.#crc);
    return this.#reader;
  }

  #finish(reader: WalSegmentReader): void {
    this.#end = {
      segment: this.#segments[this.#next - 1],
      offset: reader.offset,
      crc: reader.crc,
      isTorn: reader.isTorn,
      crcAtStart: this.#crcAtStart,
    };
  }
}
