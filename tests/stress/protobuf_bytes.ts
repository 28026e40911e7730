import { concatBytes } from "../../src/base/bytes.ts";

/** An embedded message, or any other bytes, behind its tag. */
export function lengthDelimited(tag: number, bytes: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(tag), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push(value & 0x7f | 0x80);
  return Uint8Array.of(...bytes, value);
}
