import { EMPTY_BYTES, latin1FromBytes } from "../base/bytes.ts";
import { DecodeError } from "./decode_error.ts";
import { PB_LIMITS } from "./limits.ts";

const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const TWO_TO_32 = 0x1_0000_0000;

/** The lowest three bits of a tag. */
const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_LENGTH = 2;
const WIRE_FIXED32 = 5;

/** Joins a 64-bit number from halves; all machines that Deno runs on are little-endian. */
const halves = new Uint32Array(2);
const unsignedWhole = new BigUint64Array(halves.buffer);
const signedWhole = new BigInt64Array(halves.buffer);

/**
 * Reads protobuf values one behind the other. It trusts no byte: what ends too early, is too long
 * or has the wrong kind throws DecodeError, and nothing is allocated because a length asks for it.
 */
export class Reader {
  position = 0;
  #bytes: Uint8Array = EMPTY_BYTES;
  #limit = 0;
  #levelsLeft = 0;
  /** The halves of the last varint. */
  #low = 0;
  #high = 0;

  /** Starts a message in `bytes[start, end)`; returns its end. */
  open(bytes: Uint8Array, start: number, end: number, extraNesting: number): number {
    if (start < 0 || start > end || end > bytes.length) throw new DecodeError("no such bytes");
    this.#bytes = bytes;
    this.position = start;
    this.#limit = end;
    this.#levelsLeft = PB_LIMITS.nestingDepth + extraNesting;
    return end;
  }

  /** Starts an embedded message; returns its end. */
  enter(): number {
    if (--this.#levelsLeft <= 0) throw new DecodeError("messages nest too deep");
    return this.#lengthEnd();
  }

  /** Ends the message that `open` or `enter` started. */
  leave(end: number): void {
    if (this.position !== end) throw new DecodeError("a field reaches over the end of its message");
    this.#levelsLeft++;
  }

  /** The next field's tag. Callers have seen that there is a byte left. */
  tag(): number {
    const first = this.#bytes[this.position];
    if (first < 0x80) {
      this.position++;
      return first;
    }
    const start = this.position;
    this.#varint();
    // Five bytes hold any tag; no encoder writes one with idle bytes behind it.
    if (this.#high !== 0 || this.position - start > 5) {
      throw new DecodeError("a field number is too large");
    }
    return this.#low;
  }

  /** Skips the value behind a tag that the message's reader has no case for. */
  skip(tag: number, knownFields: readonly number[]): void {
    const field = tag >>> 3;
    if (field === 0) throw new DecodeError("a field has number 0");
    if (knownFields.includes(field)) {
      throw new DecodeError(`field ${field} has the wrong wire type ${tag & 7}`);
    }
    switch (tag & 7) {
      case WIRE_VARINT:
        this.#varint();
        break;
      case WIRE_FIXED64:
        this.#advance(8);
        break;
      case WIRE_LENGTH:
        this.position = this.#lengthEnd();
        break;
      case WIRE_FIXED32:
        this.#advance(4);
        break;
      default:
        throw new DecodeError(`field ${field} has the unknown wire type ${tag & 7}`);
    }
  }

  bool(): boolean {
    this.#varint();
    return this.#low !== 0 || this.#high !== 0;
  }

  uint32(): number {
    this.#varint();
    return this.#low;
  }

  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  uint64(): bigint {
    this.#varint();
    if (this.#high === 0 && this.#low === 0) return 0n;
    halves[0] = this.#low;
    halves[1] = this.#high;
    return unsignedWhole[0];
  }

  int64(): bigint {
    this.#varint();
    if (this.#high === 0 && this.#low === 0) return 0n;
    halves[0] = this.#low;
    halves[1] = this.#high;
    return signedWhole[0];
  }

  /** A uint64 as a number; above 2^53 the nearest one. */
  uint64Number(): number {
    this.#varint();
    return this.#high === 0 ? this.#low : this.#high * TWO_TO_32 + this.#low;
  }

  /** An int64 as a number; beyond 2^53 the nearest one. */
  int64Number(): number {
    this.#varint();
    return this.#high === 0 ? this.#low : (this.#high | 0) * TWO_TO_32 + this.#low;
  }

  /** A view of the input. */
  bytes(): Uint8Array {
    const end = this.#lengthEnd();
    const start = this.position;
    if (start === end) return EMPTY_BYTES;
    this.position = end;
    const bytes = this.#bytes;
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
  }

  /** Bytes as a string of one character a byte. */
  latin1(): string {
    const end = this.#lengthEnd();
    const start = this.position;
    this.position = end;
    return latin1FromBytes(this.#bytes, start, end);
  }

  /** A text, which must be UTF-8. */
  string(): string {
    const end = this.#lengthEnd();
    const start = this.position;
    this.position = end;
    const bytes = this.#bytes;
    for (let i = start; i < end; i++) {
      if (bytes[i] >= 0x80) return decodeUtf8(bytes.subarray(start, end));
    }
    return latin1FromBytes(bytes, start, end);
  }

  /** Appends a packed run of enum or int32 values. */
  packedInt32(values: number[]): void {
    const end = this.#lengthEnd();
    while (this.position < end) values.push(this.int32());
    this.#checkRunEnd(end);
  }

  /** Appends a packed run of uint64 values. */
  packedUint64(values: bigint[]): void {
    const end = this.#lengthEnd();
    while (this.position < end) values.push(this.uint64());
    this.#checkRunEnd(end);
  }

  #checkRunEnd(end: number): void {
    if (this.position !== end) throw new DecodeError("a packed value reaches over its run");
  }

  #lengthEnd(): number {
    this.#varint();
    const end = this.position + this.#low;
    if (this.#high !== 0 || end > this.#limit) throw truncated();
    return end;
  }

  #advance(sizeBytes: number): void {
    this.position += sizeBytes;
    if (this.position > this.#limit) throw truncated();
  }

  #varint(): void {
    const position = this.position;
    if (position >= this.#limit) throw truncated();
    const first = this.#bytes[position];
    if (first < 0x80) {
      this.position = position + 1;
      this.#low = first;
      this.#high = 0;
      return;
    }
    this.#longVarint(first & 0x7f);
  }

  #longVarint(low: number): void {
    const bytes = this.#bytes;
    const start = this.position;
    let high = 0;
    let shift = 7;
    for (let position = start + 1;; position++) {
      if (position >= this.#limit) throw truncated();
      const byte = bytes[position];
      const group = byte & 0x7f;
      if (shift < 28) low |= group << shift;
      else if (shift === 28) {
        low |= group << 28;
        high = group >>> 4;
      } else high |= group << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) throw new DecodeError("a varint is larger than 64 bits");
        this.position = position + 1;
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
      shift += 7;
      if (position - start >= PB_LIMITS.varintBytes - 1) {
        throw new DecodeError("a varint is too long");
      }
    }
  }
}

function truncated(): DecodeError {
  return new DecodeError("the message ends too early");
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    throw new DecodeError("a text is not UTF-8");
  }
}
