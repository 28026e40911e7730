import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { HpackDecoder } from "./decoder.ts";
import { HpackEncoder, maxEncodedLength } from "./encoder.ts";
import { decodeHuffman, huffmanLength, writeHuffman } from "./huffman.ts";

function encode(encoder: HpackEncoder, fields: readonly string[]): Uint8Array {
  const target = new Uint8Array(maxEncodedLength(fields) + 2);
  const end = encoder.encode(fields, target, 1);
  assert(end <= target.length - 1);
  assert.equal(target[0], 0);
  return target.slice(1, end);
}

function newDecoder(maxTableSizeBytes = 4096): HpackDecoder {
  return new HpackDecoder({ maxTableSizeBytes, maxListSizeBytes: 1 << 20 });
}

function decode(decoder: HpackDecoder, block: Uint8Array): readonly string[] {
  return decoder.decode(block, 0, block.length).fields;
}

Deno.test("writeHuffman() writes what decodeHuffman() reads for every symbol and padding", () => {
  for (let symbol = 0; symbol < 256; symbol++) {
    for (const tail of ["", "0", "00", "000", "a ", "\x00\xf9"]) {
      const text = String.fromCharCode(symbol) + tail + String.fromCharCode(symbol);
      const target = new Uint8Array(20);
      const end = writeHuffman(text, target, 3);
      assert.equal(end - 3, huffmanLength(text));
      assert.equal(decodeHuffman(target, 3, end), text);
    }
  }
});

Deno.test("HpackEncoder.encode() takes a byte a field when the lists of gRPC come again", () => {
  const encoder = new HpackEncoder();
  const decoder = newDecoder();
  const headers = [":status", "200", "content-type", "application/grpc"];
  const trailers = ["grpc-status", "0"];
  for (let round = 0; round < 5; round++) {
    const headerBlock = encode(encoder, headers);
    const trailerBlock = encode(encoder, trailers);
    assert.deepEqual(decode(decoder, headerBlock), headers);
    assert.deepEqual(decode(decoder, trailerBlock), trailers);
    if (round > 0) assert.deepEqual([headerBlock.length, trailerBlock.length], [2, 1]);
  }
});

Deno.test("HpackEncoder.encode() does not use a remembered block when the table changed", () => {
  const encoder = new HpackEncoder();
  const decoder = newDecoder();
  const trailers = ["grpc-status", "0"];
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(decode(decoder, encode(encoder, trailers)), trailers);
    assert.deepEqual(decode(decoder, encode(encoder, trailers)), trailers);
    const other = ["x-other", String(i)];
    assert.deepEqual(decode(decoder, encode(encoder, other)), other);
  }
});

Deno.test("HpackEncoder.encode() never indexes secrets nor fields that vary", () => {
  const encoder = new HpackEncoder();
  const decoder = newDecoder();
  const fields = ["authorization", "abc", "set-cookie", "a=b", "grpc-message", "no"];
  const first = encode(encoder, fields);
  assert.deepEqual(encode(encoder, fields), first);
  assert.deepEqual(decode(decoder, first), fields);
  assert.equal(decoder.tableEntryCount, 0);
  // 0x1f is a never-indexed literal whose name index goes beyond the prefix.
  assert.equal(first[0], 0x1f);
});

Deno.test("HpackEncoder.setMaxTableSize() announces the new size at the next block", () => {
  const encoder = new HpackEncoder();
  const decoder = newDecoder();
  const fields = ["x-name", "value"];
  decode(decoder, encode(encoder, fields));
  assert.equal(decoder.tableEntryCount, 1);
  encoder.setMaxTableSize(0);
  assert.deepEqual(decode(decoder, encode(encoder, fields)), fields);
  assert.equal(decoder.tableEntryCount, 0);
  encoder.setMaxTableSize(100);
  assert.deepEqual(decode(decoder, encode(encoder, fields)), fields);
  assert.equal(decoder.tableEntryCount, 1);
});

Deno.test("HpackEncoder.setMaxTableSize() announces the lowest size between two blocks", () => {
  const encoder = new HpackEncoder();
  const decoder = newDecoder();
  const fields = ["x-name", "value"];
  decode(decoder, encode(encoder, fields));
  encoder.setMaxTableSize(10);
  encoder.setMaxTableSize(5000);
  const block = encode(encoder, fields);
  assert.deepEqual([...block.slice(0, 4)], [0x2a, 0x3f, 0xe1, 0x1f]);
  assert.deepEqual(decode(decoder, block), fields);
  assert.equal(decoder.tableEntryCount, 1);
});

Deno.test("HpackEncoder.encode() writes what HpackDecoder.decode() reads for random lists", () => {
  const seed = 4096;
  console.log(`seed ${seed}`);
  const prng = new Prng(seed);
  for (let connection = 0; connection < 60; connection++) {
    const encoder = new HpackEncoder();
    const decoder = newDecoder(1 << 16);
    const lists = Array.from({ length: 10 }, () => randomFields(prng));
    for (let i = 0; i < 200; i++) {
      if (prng.chance(0.02)) encoder.setMaxTableSize(prng.pick([0, 50, 200, 1000, 4096, 1 << 16]));
      const fields = prng.chance(0.5) ? prng.pick(lists) : randomFields(prng);
      assert.deepEqual(decode(decoder, encode(encoder, fields)), fields);
    }
  }
});

function randomFields(prng: Prng): string[] {
  const fields: string[] = [];
  for (let i = prng.between(0, 6); i > 0; i--) {
    fields.push(
      prng.pick([":status", "content-type", "grpc-status", "x-a", "x-b", "age", "token"]),
    );
    fields.push(prng.chance(0.5) ? prng.pick(["200", "", "0"]) : randomText(prng));
  }
  return fields;
}

function randomText(prng: Prng): string {
  let text = "";
  const highest = prng.pick([127, 255]);
  const length = prng.pick([3, 30, 300, 1500]);
  for (let i = prng.between(0, length); i > 0; i--) {
    text += String.fromCharCode(prng.between(0, highest));
  }
  return text;
}
