import { assert } from "../base/assert.ts";
import { crc32c } from "../base/crc32c.ts";
import { Entry, HardState } from "../pb/raftpb.ts";
import { Snapshot } from "../pb/walpb.ts";
import { varintSize, Writer } from "../pb/writer.ts";
import { DISK_LIMITS } from "./limits.ts";

/** The kinds of record in a write-ahead log. */
export const RecordType = {
  METADATA: 1,
  ENTRY: 2,
  STATE: 3,
  /** Carries the checksum of all records before it and no data of its own. */
  CRC: 4,
  SNAPSHOT: 5,
} as const;

/** A frame starts with the record's length in 56 bits and, in the last byte, the padding. */
export const FRAME_HEADER_BYTES = 8;

/** Set in the header's last byte when there is padding; the low bits say how much. */
export const FRAME_PADDED = 0x80;

/** How many zeros follow a record, so that the next length field never crosses a sector. */
export function framePadding(recordBytes: number): number {
  return -recordBytes & 7;
}

/** Whether a member has no state yet; such a state is never written. */
export function isEmptyHardState(hardState: HardState): boolean {
  return hardState.term === 0 && hardState.commit === 0 && hardState.vote === 0n;
}

const TAG_TYPE = 0x08;
const TAG_CRC = 0x10;
const TAG_DATA = 0x1a;

/** The record's bytes before its data, without the varints of checksum and data length. */
const FIXED_HEAD_BYTES = 4;

/** All but one of sixteen checksums fill five bytes as a varint; the others make the data move. */
const USUAL_CRC_BYTES = 5;

/**
 * Encodes a batch of records one behind the other, as they are to stand in the file. The checksum
 * runs through all records ever encoded.
 */
export class RecordEncoder {
  /** The running checksum. */
  crc: number;
  readonly #writer = new Writer();
  /** How much `#begin` left free before the data. */
  #headBytes = 0;

  constructor(crc: number) {
    this.crc = crc;
  }

  /** The batch lies in buffer[0, sizeBytes). */
  get buffer(): Uint8Array {
    return this.#writer.buffer;
  }

  get sizeBytes(): number {
    return this.#writer.position;
  }

  /** Starts the next batch. */
  reset(): void {
    this.#writer.reset();
  }

  entries(entries: readonly Entry[]): void {
    let sizeBytes = 0;
    for (let i = 0; i < entries.length; i++) {
      const data = entries[i].data;
      sizeBytes += DISK_LIMITS.walEntryOverheadBytes + (data === undefined ? 0 : data.length);
    }
    assert(sizeBytes <= DISK_LIMITS.walBatchBytes, "a batch fits into one buffer");
    this.#writer.reserve(sizeBytes);
    for (let i = 0; i < entries.length; i++) this.entry(entries[i]);
  }

  entry(entry: Entry): void {
    const data = entry.data;
    const start = this.#begin(data === undefined ? 0 : data.length);
    Entry.write(entry, this.#writer);
    this.#end(RecordType.ENTRY, start);
  }

  hardState(hardState: HardState): void {
    const start = this.#begin(0);
    HardState.write(hardState, this.#writer);
    this.#end(RecordType.STATE, start);
  }

  snapshot(snapshot: Snapshot): void {
    const start = this.#begin(0);
    Snapshot.write(snapshot, this.#writer);
    this.#end(RecordType.SNAPSHOT, start);
  }

  metadata(metadata: Uint8Array): void {
    const start = this.#begin(metadata.length);
    this.#writer.raw(metadata);
    this.#end(RecordType.METADATA, start);
  }

  /** Hands the running checksum over to the reader of a new segment. */
  checksum(): void {
    const writer = this.#writer;
    const frame = writer.position;
    writer.reserve(DISK_LIMITS.walEntryOverheadBytes);
    writer.position += FRAME_HEADER_BYTES;
    this.#head(RecordType.CRC);
    this.#frame(frame);
  }

  /** What every segment but the first starts with. */
  segmentHead(metadata: Uint8Array, hardState: HardState): void {
    this.checksum();
    this.metadata(metadata);
    if (!isEmptyHardState(hardState)) this.hardState(hardState);
  }

  /**
   * Leaves room for frame header and record head, so that the data is written where it will most
   * likely stay. Returns where the data starts.
   */
  #begin(expectedDataBytes: number): number {
    const writer = this.#writer;
    this.#headBytes = FRAME_HEADER_BYTES + FIXED_HEAD_BYTES + USUAL_CRC_BYTES +
      varintSize(expectedDataBytes);
    writer.reserve(DISK_LIMITS.walEntryOverheadBytes + expectedDataBytes);
    writer.position += this.#headBytes;
    return writer.position;
  }

  /** Sums the data that starts at `dataStart` and puts head and frame around it. */
  #end(type: number, dataStart: number): void {
    const writer = this.#writer;
    const dataEnd = writer.position;
    const frame = dataStart - this.#headBytes;
    const dataBytes = dataEnd - dataStart;
    this.crc = crc32c(writer.buffer, dataStart, dataEnd, this.crc);
    const rightStart = frame + FRAME_HEADER_BYTES + FIXED_HEAD_BYTES + varintSize(this.crc) +
      varintSize(dataBytes);
    if (rightStart !== dataStart) {
      writer.reserve(FRAME_HEADER_BYTES);
      writer.buffer.copyWithin(rightStart, dataStart, dataEnd);
    }
    writer.position = frame + FRAME_HEADER_BYTES;
    this.#head(type);
    writer.tag(TAG_DATA);
    writer.uint32(dataBytes);
    writer.position = rightStart + dataBytes;
    this.#frame(frame);
  }

  #head(type: number): void {
    const writer = this.#writer;
    writer.tag(TAG_TYPE);
    writer.tag(type);
    writer.tag(TAG_CRC);
    writer.uint32(this.crc);
  }

  /** Fills in the header of the frame at `frame` and pads the record that ends here. */
  #frame(frame: number): void {
    const writer = this.#writer;
    const recordBytes = writer.position - frame - FRAME_HEADER_BYTES;
    const padding = framePadding(recordBytes);
    writer.reserve(FRAME_HEADER_BYTES);
    const buffer = writer.buffer;
    buffer[frame] = recordBytes;
    buffer[frame + 1] = recordBytes >>> 8;
    buffer[frame + 2] = recordBytes >>> 16;
    buffer[frame + 3] = recordBytes >>> 24;
    buffer[frame + 4] = buffer[frame + 5] = buffer[frame + 6] = 0;
    buffer[frame + 7] = padding === 0 ? 0 : FRAME_PADDED | padding;
    for (let i = 0; i < padding; i++) buffer[writer.position + i] = 0;
    writer.position += padding;
  }
}
