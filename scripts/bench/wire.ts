/**
 * The few messages the bench sends and reads, by hand: the load generator must not share code with
 * the server it measures, and reads only the field it counts.
 */

import { Buffer } from "node:buffer";

/** A field of a message that is about to be sent. */
export type Field = readonly [number: number, value: number | bigint | Uint8Array | string];

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Encodes fields in the given order. */
export function encode(fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "number" || typeof value === "bigint") {
      pushVarint(bytes, BigInt(number << 3 | VARINT));
      pushVarint(bytes, BigInt.asUintN(64, BigInt(value)));
    } else {
      const content = typeof value === "string" ? Buffer.from(value, "latin1") : value;
      pushVarint(bytes, BigInt(number << 3 | LENGTH_DELIMITED));
      pushVarint(bytes, BigInt(content.length));
      for (const byte of content) bytes.push(byte);
    }
  }
  return Uint8Array.from(bytes);
}

function pushVarint(bytes: number[], value: bigint): void {
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
}

/** Reads the top level of one message; moved along by `next()`, without an object a field. */
export class FieldReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;
  number = 0;
  /** Of a varint field (exact below 2^53). */
  value = 0;
  /** Of a length-delimited field. */
  start = 0;
  end = 0;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  next(): boolean {
    if (this.#position >= this.#end) return false;
    const tag = this.#varint();
    this.number = tag >>> 3;
    this.value = this.#varint();
    const wireType = tag & 7;
    if (wireType === LENGTH_DELIMITED) {
      this.start = this.#position;
      this.#position += this.value;
      this.end = this.#position;
    } else if (wireType !== VARINT) throw new Error(`wire type ${wireType} is none of etcd's`);
    return true;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#position++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }
}

/** The varint field `number` of a message, 0 when it is not there. */
export function varintField(bytes: Uint8Array, number: number): number {
  const reader = new FieldReader();
  reader.reset(bytes, 0, bytes.length);
  while (reader.next()) {
    if (reader.number === number) return reader.value;
  }
  return 0;
}

/** The length-delimited field `number` of a message, empty when it is not there. */
function bytesField(bytes: Uint8Array, number: number): Uint8Array {
  const reader = new FieldReader();
  reader.reset(bytes, 0, bytes.length);
  while (reader.next()) {
    if (reader.number === number) return bytes.subarray(reader.start, reader.end);
  }
  return new Uint8Array(0);
}

/** The store's revision out of the header that every response starts with. */
export function headerRevision(response: Uint8Array): number {
  return varintField(bytesField(response, 1), 3);
}
