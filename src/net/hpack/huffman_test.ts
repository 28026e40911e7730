import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { HpackError } from "./hpack_error.ts";
import { decodeHuffman, huffmanLength, writeHuffman } from "./huffman.ts";

/** The text, coded and decoded, where the bytes before and behind are not part of it. */
function throughHuffman(text: string): string {
  const end = 1 + huffmanLength(text);
  const bytes = new Uint8Array(end + 2).fill(0x55);
  assert.equal(writeHuffman(text, bytes, 1), end);
  return decodeHuffman(bytes, 1, end);
}

Deno.test("decodeHuffman() reads every symbol wherever in a byte its code begins", () => {
  for (let symbol = 0; symbol < 256; symbol++) {
    const character = String.fromCharCode(symbol);
    // "0" has five bits and "a" too, so that eight of them begin at every bit.
    for (let before = 0; before < 8; before++) {
      const text = `${"a".repeat(before)}${character}0${character}`;
      assert.equal(throughHuffman(text), text, `${symbol} behind ${before}`);
    }
  }
});

Deno.test("decodeHuffman() reads random texts", () => {
  const prng = new Prng(1);
  for (let i = 0; i < 2_000; i++) {
    const text = String.fromCharCode(...prng.bytes(i % 50));
    assert.equal(throughHuffman(text), text);
  }
});

Deno.test("decodeHuffman() takes up to seven ones as padding and nothing else", () => {
  // The code of "a" is 00011, that of "&" is 11111000, that of "0" is 00000.
  const decoded = (...bytes: number[]) => decodeHuffman(Uint8Array.from(bytes), 0, bytes.length);
  assert.equal(decoded(0b00011_111), "a");
  assert.equal(decoded(0b11111000), "&");
  assert.equal(decoded(), "");
  const wrong = (error: unknown) => error instanceof HpackError && /padding/.test(error.message);
  assert.throws(() => decoded(0b00011_110), wrong);
  assert.throws(() => decoded(0b00011_000), wrong);
  assert.throws(() => decoded(0b11111111), wrong);
  assert.throws(() => decoded(0b00011_111, 0b11111111), wrong);
  // The code begins as a symbol does, and the end cuts it off.
  assert.throws(() => decoded(0b00011_111, 0b11110_000), wrong);
  const endOfString = [0b11111111, 0b11111111, 0b11111111, 0b11111111];
  assert.throws(() => decoded(...endOfString), /end-of-string/);
});
