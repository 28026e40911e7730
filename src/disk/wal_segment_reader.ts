import { crc32c } from "../base/crc32c.ts";
import { readUint32 } from "../base/little_endian.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import type { DiskFile } from "./file_system.ts";
import { DISK_LIMITS } from "./limits.ts";
import { FRAME_HEADER_BYTES, FRAME_PADDED, framePadding, RecordType } from "./wal_record.ts";
import { RecordHead } from "./wal_record_head.ts";

/** What an administrator can do about a damaged log. */
const ADVICE = "Restore this member from a backup or, in a cluster, remove it and add it again";

const TWO_TO_32 = 0x1_0000_0000;

/**
 * Reads the records of one segment and checks every byte that counts. What it says of a record
 * holds until the next call of `next`; the bytes stay good.
 */
export class WalSegmentReader {
  readonly path: string;
  /** Where the next frame starts; all before it is good. */
  offset = 0;
  /** Whether the segment ends with a record of which only a part reached the disk. */
  isTorn = false;
  /** The running checksum. */
  crc: number;
  /** Counts the pieces read so far. */
  chunkCount = 0;

  /** The record's type and data; the data is bytes[dataStart, dataEnd). */
  type = 0;
  bytes: Uint8Array = new Uint8Array(0);
  dataStart = 0;
  dataEnd = 0;
  /** Where the record's frame starts in the file. */
  recordOffset = 0;

  readonly #file: DiskFile;
  readonly #sizeBytes: number;
  readonly #isLast: boolean;
  readonly #head = new RecordHead();
  /** Where bytes[0] lies in the file, and how many bytes are there. */
  #chunkOffset = 0;
  #chunkBytes = 0;

  /** `crc` continues the segment before; 0 if there is none, then the first record's is taken. */
  constructor(file: DiskFile, isLast: boolean, crc: number) {
    this.path = file.path;
    this.#file = file;
    this.#sizeBytes = file.size();
    this.#isLast = isLast;
    this.crc = crc;
  }

  /** Reads the next record. False at the end, torn or not; throws a DiskError for damage. */
  next(): boolean {
    this.recordOffset = this.offset;
    const leftBytes = this.#sizeBytes - this.offset;
    if (leftBytes < FRAME_HEADER_BYTES) return this.#endInsideHeader(leftBytes);
    const at = this.#load(FRAME_HEADER_BYTES);
    const bytes = this.bytes;
    const low = readUint32(bytes, at);
    const high = readUint32(bytes, at + 4);
    if (low === 0 && high === 0) return this.#endAtZero(leftBytes);
    const recordBytes = low + (high & 0xff_ffff) * TWO_TO_32;
    const padding = framePadding(low);
    // The field lies inside one sector, so a torn write cannot have made it wrong.
    if (high >>> 24 !== (padding === 0 ? 0 : FRAME_PADDED | padding)) {
      throw this.corruption("the length field contradicts itself");
    }
    if (FRAME_HEADER_BYTES + recordBytes + padding > leftBytes) {
      return this.#endDamaged(recordBytes, "the record is longer than the rest of the file");
    }
    return this.#record(recordBytes, padding);
  }

  /** The error for damage at the current record. */
  corruption(what: string, cause?: unknown): DiskError {
    return new DiskError({
      operation: "read the log in",
      path: this.path,
      code: DiskErrorCode.CORRUPT,
      what,
      advice: ADVICE,
      offset: this.recordOffset,
      cause,
    });
  }

  close(): void {
    this.#file.close();
  }

  #record(recordBytes: number, padding: number): boolean {
    const start = this.#load(FRAME_HEADER_BYTES + recordBytes + padding) + FRAME_HEADER_BYTES;
    const end = start + recordBytes;
    const head = this.#head;
    if (head.read(this.bytes, start, end) !== "whole") {
      return this.#endDamaged(recordBytes, "the record cannot be parsed");
    }
    if (!this.#chain(head)) return this.#endDamaged(recordBytes, "the checksum differs");
    for (let i = 0; i < padding; i++) {
      if (this.bytes[end + i] !== 0) throw this.corruption("the padding is not zero");
    }
    if (this.offset === 0 && head.type !== RecordType.CRC) {
      throw this.corruption("the file does not start with a checksum record");
    }
    this.offset += FRAME_HEADER_BYTES + recordBytes + padding;
    this.type = head.type;
    this.dataStart = head.dataStart;
    this.dataEnd = head.dataEnd;
    return true;
  }

  /** Takes the record into the running checksum; false if its own differs. */
  #chain(head: RecordHead): boolean {
    if (head.type === RecordType.CRC) {
      if (head.dataEnd !== 0 || (this.crc !== 0 && this.crc !== head.crc)) return false;
      this.crc = head.crc;
      return true;
    }
    const crc = crc32c(this.bytes, head.dataStart, head.dataEnd, this.crc);
    if (crc !== head.crc) return false;
    this.crc = crc;
    return true;
  }

  /**
   * Nothing was written from here on, so the rest of the sector is zero, too; a length that became
   * zero has its record behind it.
   */
  #endAtZero(leftBytes: number): boolean {
    const sectorBytes = DISK_LIMITS.sectorBytes;
    const restBytes = Math.min(leftBytes, sectorBytes - this.offset % sectorBytes);
    const at = this.#load(restBytes);
    for (let i = 0; i < restBytes; i++) {
      if (this.bytes[at + i] !== 0) throw this.corruption("the length field is zero");
    }
    return false;
  }

  #endInsideHeader(leftBytes: number): boolean {
    const at = this.#load(leftBytes);
    for (let i = 0; i < leftBytes; i++) {
      if (this.bytes[at + i] === 0) continue;
      if (!this.#isLast) throw this.corruption("the file ends inside a record");
      this.isTorn = true;
    }
    return false;
  }

  /**
   * Decides whether a bad record is the trace of a write that the machine did not finish: then it
   * is the last thing in the log, and a part of it is missing or still zero, sector by sector. What
   * did reach the disk must make sense even then. All else is damage.
   */
  #endDamaged(recordBytes: number, what: string): boolean {
    const leftBytes = this.#sizeBytes - this.offset - FRAME_HEADER_BYTES;
    const presentBytes = Math.min(recordBytes, leftBytes);
    const fileEnds = recordBytes + framePadding(recordBytes % 8) > leftBytes;
    const start = this.#load(FRAME_HEADER_BYTES + presentBytes) + FRAME_HEADER_BYTES;
    const missing = this.#firstZeroSector(start, start + presentBytes) ??
      (fileEnds ? start + presentBytes : undefined);
    if (!this.#isLast || missing === undefined) throw this.corruption(what);
    const head = this.#head;
    const end = start + recordBytes;
    const state = head.read(this.bytes, start, end, missing);
    if (state === "wrong" || (head.dataEnd !== 0 && head.dataEnd !== end)) {
      throw this.corruption(what);
    }
    this.isTorn = true;
    return false;
  }

  /** Where in bytes[start, end) the first part of a sector starts that holds nothing but zeros. */
  #firstZeroSector(start: number, end: number): number | undefined {
    const sectorBytes = DISK_LIMITS.sectorBytes;
    for (let partStart = start; partStart < end;) {
      const intoSector = (this.#chunkOffset + partStart) % sectorBytes;
      const partEnd = Math.min(end, partStart + sectorBytes - intoSector);
      let i = partStart;
      while (i < partEnd && this.bytes[i] === 0) i++;
      if (i === partEnd) return partStart;
      partStart = partEnd;
    }
    return undefined;
  }

  /**
   * Makes so many bytes from `offset` on lie in `bytes` and returns where. What was read before is
   * never overwritten, because entries are views of it.
   */
  #load(sizeBytes: number): number {
    const at = this.offset - this.#chunkOffset;
    if (at + sizeBytes <= this.#chunkBytes) return at;
    const leftBytes = this.#sizeBytes - this.offset;
    this.bytes = new Uint8Array(
      Math.max(sizeBytes, Math.min(leftBytes, DISK_LIMITS.walReadChunkBytes)),
    );
    this.#chunkOffset = this.offset;
    this.#chunkBytes = this.#file.readAt(this.bytes, 0, this.bytes.length, this.offset);
    this.chunkCount++;
    if (this.#chunkBytes < sizeBytes) throw this.corruption("the file became shorter meanwhile");
    return 0;
  }
}
