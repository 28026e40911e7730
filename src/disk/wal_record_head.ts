import { PB_LIMITS } from "../pb/limits.ts";

/** How far a record's fields could be read. */
type HeadState =
  /** Every field was read and the last one ends where the record ends. */
  | "whole"
  /** The bytes at hand ended before the fields did; nothing was wrong until there. */
  | "cut"
  /** No record looks like this. */
  | "wrong";

const TAG_TYPE = 0x08;
const TAG_CRC = 0x10;
const TAG_DATA = 0x1a;
const LAST_KNOWN_FIELD = 3;
const WIRE_VARINT = 0;
const WIRE_LENGTH = 2;

/**
 * The fields of a walpb.Record, read without touching the data. It reads as much as there is, so
 * that a record of which only the first part reached the disk can be told from a damaged one.
 */
export class RecordHead {
  type = 0;
  crc = 0;
  /** The data lies in [dataStart, dataEnd); both 0 if the record has none. */
  dataStart = 0;
  dataEnd = 0;

  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #available = 0;
  #end = 0;
  #state: HeadState = "whole";

  /** Reads the record in bytes[start, end), of which bytes[available, end) are not to be looked at. */
  read(bytes: Uint8Array, start: number, end: number, available: number = end): HeadState {
    this.type =
      this.crc =
      this.dataStart =
      this.dataEnd =
        0;
    this.#bytes = bytes;
    this.#position = start;
    this.#available = available;
    this.#end = end;
    this.#state = "whole";
    while (this.#state === "whole" && this.#position < end) this.#field();
    return this.#state;
  }

  #field(): void {
    const tag = this.#varint();
    if (this.#state !== "whole") return;
    if (tag === TAG_TYPE) this.type = this.#varint();
    else if (tag === TAG_CRC) this.crc = this.#varint();
    else if (tag === TAG_DATA) this.#data();
    else this.#skip(tag);
  }

  #data(): void {
    const length = this.#varint();
    if (this.#state !== "whole") return;
    this.dataStart = this.#position;
    this.dataEnd = this.#position + length;
    this.#advance(length);
  }

  /** A later version may have more fields, but those of today keep their wire types. */
  #skip(tag: number): void {
    if (Math.floor(tag / 8) <= LAST_KNOWN_FIELD) this.#state = "wrong";
    else if (tag % 8 === WIRE_VARINT) this.#varint();
    else if (tag % 8 === WIRE_LENGTH) this.#advance(this.#varint());
    else this.#state = "wrong";
  }

  #advance(length: number): void {
    this.#position += length;
    if (this.#position > this.#end) this.#state = "wrong";
  }

  #varint(): number {
    let value = 0;
    for (let i = 0, scale = 1; i < PB_LIMITS.varintBytes; i++, scale *= 128) {
      if (this.#position >= this.#available) {
        this.#state = this.#position >= this.#end ? "wrong" : "cut";
        return 0;
      }
      const byte = this.#bytes[this.#position++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    this.#state = "wrong";
    return 0;
  }
}
