import { Buffer } from "node:buffer";

/** A frame as clients send it. */
export function clientFrame(
  first: number,
  payload: Uint8Array,
  mask: Uint8Array = Uint8Array.of(1, 2, 3, 4),
): Buffer {
  const size = payload.length;
  const head = size < 126
    ? [first, 0x80 | size]
    : size < 65_536
    ? [first, 0x80 | 126, size >> 8, size & 0xff]
    : [
      first,
      0x80 | 127,
      0,
      0,
      0,
      0,
      size >>> 24,
      (size >> 16) & 0xff,
      (size >> 8) & 0xff,
      size & 0xff,
    ];
  return Buffer.concat([
    Uint8Array.from(head),
    mask,
    payload.map((byte, i) => byte ^ mask[i & 3]),
  ]);
}
