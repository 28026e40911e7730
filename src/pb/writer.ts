import { assert } from "../base/assert.ts";
import { PB_LIMITS } from "./limits.ts";

const utf8Encoder = new TextEncoder();

/** Ten bytes of value and room to spare, so that one check serves any number. */
const NUMBER_BYTES = 16;
const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_63 = 0x8000_0000_0000_0000;
const TWO_TO_64 = 0x1_0000_0000_0000_0000;

/** Splits a 64-bit number into halves; all machines that Deno runs on are little-endian. */
const halves = new Uint32Array(2);
const whole = new BigUint64Array(halves.buffer);

/**
 * Appends protobuf values to one growing array. `reset()` makes it ready for the next message
 * without giving the memory back.
 */
export class Writer {
  /** What was written lies in [0, position). Replaced by a larger array when it is full. */
  buffer: Uint8Array = new Uint8Array(PB_LIMITS.writerInitialBytes);
  position = 0;

  /** Forgets what was written. */
  reset(): void {
    this.position = 0;
    if (this.buffer.length > PB_LIMITS.writerRetainedBytes) {
      this.buffer = new Uint8Array(PB_LIMITS.writerInitialBytes);
    }
  }

  /** A copy of what was written. Nobody else writes to it, but its `buffer` may hold others too. */
  finish(): Uint8Array {
    const length = this.position;
    if (length > PB_LIMITS.slabShareBytes) return this.buffer.slice(0, length);
    const copy = sliceOfSlab(length);
    if (length > PB_LIMITS.shortCopyBytes) copy.set(this.buffer.subarray(0, length));
    else for (let i = 0; i < length; i++) copy[i] = this.buffer[i];
    return copy;
  }

  /** Makes room for so many more bytes. */
  reserve(sizeBytes: number): void {
    if (this.position + sizeBytes > this.buffer.length) this.#grow(sizeBytes);
  }

  /** A field's tag: its number and wire type. */
  tag(tag: number): void {
    if (tag < 0x80 && this.position < this.buffer.length) {
      this.buffer[this.position++] = tag;
    } else {
      this.uint32(tag);
    }
  }

  bool(value: boolean): void {
    this.reserve(1);
    this.buffer[this.position++] = value ? 1 : 0;
  }

  /** A varint of up to five bytes. */
  uint32(value: number): void {
    this.reserve(NUMBER_BYTES);
    this.#varint32(value >>> 0);
  }

  /** Also for enums. Negative numbers fill ten bytes. */
  int32(value: number): void {
    this.reserve(NUMBER_BYTES);
    if (value >= 0) this.#varint32(value >>> 0);
    else this.#varint64(value >>> 0, 0xffff_ffff);
  }

  /** An int64 held as a number; what does not fit becomes the nearest that does. */
  int64Number(value: number): void {
    this.reserve(NUMBER_BYTES);
    if (value >>> 0 === value) {
      this.#varint32(value);
      return;
    }
    assert(Number.isInteger(value), "an int64 is a whole number");
    if (value >= TWO_TO_63) this.#varint64(0xffff_ffff, 0x7fff_ffff);
    else if (value < -TWO_TO_63) this.#varint64(0, 0x8000_0000);
    else this.#varint64(value >>> 0, Math.floor(value / TWO_TO_32) >>> 0);
  }

  /** A uint64 held as a number; what is too large becomes the largest. */
  uint64Number(value: number): void {
    this.reserve(NUMBER_BYTES);
    if (value >>> 0 === value) {
      this.#varint32(value);
      return;
    }
    assert(Number.isInteger(value) && value > 0, "a uint64 is a whole number and not negative");
    if (value >= TWO_TO_64) this.#varint64(0xffff_ffff, 0xffff_ffff);
    else this.#varint64(value >>> 0, Math.floor(value / TWO_TO_32));
  }

  /** An int64 or uint64. */
  int64(value: bigint): void {
    this.reserve(NUMBER_BYTES);
    whole[0] = value;
    if (halves[1] === 0) this.#varint32(halves[0]);
    else this.#varint64(halves[0], halves[1]);
  }

  fixed32(value: number): void {
    this.reserve(4);
    const { buffer, position } = this;
    buffer[position] = value;
    buffer[position + 1] = value >>> 8;
    buffer[position + 2] = value >>> 16;
    buffer[position + 3] = value >>> 24;
    this.position = position + 4;
  }

  fixed64(value: bigint): void {
    whole[0] = value;
    const high = halves[1];
    this.fixed32(halves[0]);
    this.fixed32(high);
  }

  /** Length and bytes. */
  bytes(value: Uint8Array): void {
    const length = value.length;
    this.reserve(length + NUMBER_BYTES);
    this.#varint32(length);
    this.buffer.set(value, this.position);
    this.position += length;
  }

  /** Length and bytes of a string of one character a byte. */
  latin1(value: string): void {
    const length = value.length;
    this.reserve(length + NUMBER_BYTES);
    this.#varint32(length);
    const { buffer, position } = this;
    let allBits = 0;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      allBits |= code;
      buffer[position + i] = code;
    }
    assert(allBits <= 0xff, "a latin1 string has one byte a character");
    this.position = position + length;
  }

  /** Length and UTF-8 bytes of a text. */
  string(value: string): void {
    const length = value.length;
    this.reserve(length + NUMBER_BYTES);
    const start = this.position;
    this.#varint32(length);
    const { buffer, position } = this;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.position = start;
        this.bytes(utf8Encoder.encode(value));
        return;
      }
      buffer[position + i] = code;
    }
    this.position = position + length;
  }

  /** Bytes as they are, without a length: something that is encoded already. */
  raw(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const length = end - start;
    this.reserve(length);
    const { buffer, position } = this;
    if (length > PB_LIMITS.shortCopyBytes) {
      buffer.set(bytes.subarray(start, end), position);
    } else {
      for (let i = 0; i < length; i++) buffer[position + i] = bytes[start + i];
    }
    this.position = position + length;
  }

  /** Starts an embedded message behind its tag; the result is for `endMessage`. */
  beginMessage(): number {
    this.reserve(1);
    return ++this.position;
  }

  /** Puts the length in front of the message; one longer than 127 bytes moves to make room. */
  endMessage(start: number): void {
    const length = this.position - start;
    if (length < 0x80) {
      this.buffer[start - 1] = length;
      return;
    }
    const shift = varintSize(length) - 1;
    this.reserve(shift);
    this.buffer.copyWithin(start + shift, start, this.position);
    const end = this.position + shift;
    this.position = start - 1;
    this.#varint32(length);
    this.position = end;
  }

  #varint32(value: number): void {
    const buffer = this.buffer;
    let position = this.position;
    while (value > 0x7f) {
      buffer[position++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    buffer[position++] = value;
    this.position = position;
  }

  #varint64(low: number, high: number): void {
    const buffer = this.buffer;
    let position = this.position;
    while (high !== 0) {
      buffer[position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.position = position;
    this.#varint32(low);
  }

  #grow(sizeBytes: number): void {
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.position + sizeBytes));
    grown.set(this.buffer.subarray(0, this.position));
    this.buffer = grown;
  }
}

let slab = new Uint8Array(PB_LIMITS.slabBytes);
let slabUsed = 0;

/**
 * Memory for one small message. The runtime takes 200 to 500 ns to make an array with memory of
 * its own, and 40 ns to make one that shares.
 */
function sliceOfSlab(length: number): Uint8Array {
  if (slabUsed + length > slab.length) {
    slab = new Uint8Array(PB_LIMITS.slabBytes);
    slabUsed = 0;
  }
  const slice = new Uint8Array(slab.buffer, slabUsed, length);
  slabUsed += length;
  return slice;
}

/** How many bytes a varint of at most 32 bits takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
