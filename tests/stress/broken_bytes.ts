import { Buffer } from "node:buffer";
import type { Prng } from "../../src/base/prng.ts";
import type { Input } from "./fuzz_target.ts";

/** Bytes changed, left out, put in or repeated. */
export function withBrokenBytes(prng: Prng, bytes: Buffer): Buffer {
  const broken = Buffer.from(bytes);
  for (let i = prng.between(1, 6); i > 0 && broken.length > 0; i--) {
    broken[prng.between(0, broken.length - 1)] = prng.pick([0, 1, 0x7f, 0x80, 0xff, prng.uint32()]);
  }
  const at = prng.between(0, broken.length);
  const behind = prng.between(at, broken.length);
  switch (prng.between(0, 5)) {
    case 0:
      return broken.subarray(0, at);
    case 1:
      return Buffer.concat([broken.subarray(0, at), broken.subarray(behind)]);
    case 2:
      return Buffer.concat([broken.subarray(0, at), prng.bytes(20), broken.subarray(at)]);
    case 3:
      return Buffer.concat([broken.subarray(0, behind), broken.subarray(at)]);
    default:
      return broken;
  }
}

/** Cuts bytes into the pieces in which they are sent. */
export function cut(prng: Prng, bytes: Buffer): Input {
  const pieces: Buffer[] = [];
  let rest = bytes;
  while (rest.length > 0 && pieces.length < 3) {
    const length = prng.chance(0.6) ? rest.length : prng.between(1, rest.length);
    pieces.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return rest.length > 0 ? [...pieces, rest] : pieces;
}
