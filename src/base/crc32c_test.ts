import assert from "node:assert/strict";
import { crc32c } from "./crc32c.ts";
import { Prng } from "./prng.ts";

/** The definition, one bit at a time. */
function crc32cByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

Deno.test("crc32c() gives the published check values", () => {
  const text = (s: string): Uint8Array => new TextEncoder().encode(s);
  assert.equal(crc32c(text("")), 0);
  assert.equal(crc32c(text("123456789")), 0xe3069283);
  // RFC 3720, B.4.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
});

Deno.test("crc32c() equals the bitwise definition for every length up to 100", () => {
  const bytes = new Prng(1).bytes(100);
  for (let length = 0; length <= bytes.length; length++) {
    assert.equal(crc32c(bytes, 0, length), crc32cByBit(bytes.subarray(0, length)), `${length}`);
  }
});

Deno.test("crc32c() is the same before and behind the tables of whole turns are filled", () => {
  // Far more than is summed one byte at a time, in pieces on both sides of that bound.
  const bytes = new Prng(3).bytes(20_000);
  const expected = crc32cByBit(bytes);
  let crc = 0;
  for (let start = 0; start < bytes.length; start += 100) {
    crc = crc32c(bytes, start, start + 100, crc);
  }
  assert.equal(crc, expected);
  assert.equal(crc32c(bytes), expected);
});

Deno.test("crc32c() continues from a seed wherever the bytes are split", () => {
  const bytes = new Prng(2).bytes(67);
  const whole = crc32cByBit(bytes);
  for (let split = 0; split <= bytes.length; split++) {
    assert.equal(crc32c(bytes, split, bytes.length, crc32c(bytes, 0, split)), whole, `${split}`);
  }
});
