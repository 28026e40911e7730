import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { HeaderList, HpackDecoder, HpackError } from "./decoder.ts";
import { HpackEncoder, maxEncodedLength } from "./encoder.ts";

const OPTIONS = { maxTableSizeBytes: 4096, maxListSizeBytes: 8192 };

function decodeHex(decoder: HpackDecoder, hex: string): HeaderList {
  const bytes = new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  return decoder.decode(bytes, 0, bytes.length);
}

const MALFORMED: Record<string, string> = {
  "index is zero": "80",
  "index is beyond both tables": "be",
  "name index is beyond both tables": "7f 00 01 61",
  "block ends before the name": "40",
  "block ends before the value": "40 01 61",
  "block ends within the value": "40 01 61 05 62",
  "block ends within an integer": "ff 80",
  "index passes 2^31": "ff ff ff ff ff 7f",
  "integer has too many octets": "00 01 62 7f 80 80 80 80 80 00" + "61".repeat(127),
  "string length passes 2^31": "00 7f ff ff ff ff 7f",
  "table size update exceeds what was announced": "3f e2 1f",
  "table size update comes behind a field": "82 20",
  "Huffman padding has eight bits": "00 81 1f 82 f8 ff",
  "Huffman padding has eleven bits": "00 81 1f 82 1f ff",
  "Huffman padding is not of ones": "00 81 18 01 61",
  "Huffman string holds end-of-string": "00 84 ff ff ff ff 01 61",
};

for (const [what, hex] of Object.entries(MALFORMED)) {
  Deno.test(`HpackDecoder.decode() throws HpackError when ${what}`, () => {
    assert.throws(() => decodeHex(new HpackDecoder(OPTIONS), hex), HpackError);
  });
}

Deno.test("HpackDecoder.decode() accepts the longest integer that has a meaning", () => {
  // A padded form of 31 + 1 and, as a string length, of 127.
  assert.deepEqual(decodeHex(new HpackDecoder(OPTIONS), "3f 81 00 82").fields, [":method", "GET"]);
  const value = "61".repeat(127);
  const list = decodeHex(new HpackDecoder(OPTIONS), `00 01 62 7f 80 80 80 80 00 ${value}`);
  assert.deepEqual(list.fields, ["b", "a".repeat(127)]);
});

Deno.test("HpackDecoder.decode() applies table size updates when they open a block", () => {
  const decoder = new HpackDecoder(OPTIONS);
  decodeHex(decoder, "40 01 61 01 62");
  assert.equal(decoder.tableEntryCount, 1);
  assert.equal(decodeHex(decoder, "be").get("a"), "b");
  // To nothing and back to 4096: the entry is gone, new ones are taken.
  assert.deepEqual(decodeHex(decoder, "20 3f e1 1f 82").fields, [":method", "GET"]);
  assert.equal(decoder.tableEntryCount, 0);
  assert.equal(decodeHex(decoder, "40 01 63 01 64").get("c"), "d");
  assert.equal(decodeHex(decoder, "be").get("c"), "d");
});

Deno.test("HpackDecoder.decode() empties the table when a field is larger than it", () => {
  const decoder = new HpackDecoder({ maxTableSizeBytes: 64, maxListSizeBytes: 8192 });
  decodeHex(decoder, "40 01 61 01 62");
  decodeHex(decoder, "40 01 61 20 " + "62".repeat(32));
  assert.equal(decoder.tableEntryCount, 0);
  assert.equal(decoder.tableSizeBytes, 0);
});

Deno.test("HpackDecoder.decode() keeps the table right when a list is too large", () => {
  const decoder = new HpackDecoder({ maxTableSizeBytes: 4096, maxListSizeBytes: 100 });
  const list = decodeHex(decoder, "82 40 01 61 40 " + "62".repeat(64) + "40 01 63 01 64");
  assert.equal(list.tooLarge, true);
  assert.deepEqual(list.fields, [":method", "GET"]);
  assert.equal(decoder.tableEntryCount, 2);
  assert.deepEqual(decodeHex(decoder, "be").fields, ["c", "d"]);
  assert.equal(decodeHex(decoder, "bf").tooLarge, false);
});

Deno.test("HpackDecoder.decode() marks a list as too large when it is one byte over", () => {
  const exact = new HpackDecoder({ maxTableSizeBytes: 4096, maxListSizeBytes: 34 });
  assert.equal(decodeHex(exact, "00 01 61 01 62").tooLarge, false);
  assert.equal(decodeHex(exact, "00 01 61 02 62 62").tooLarge, true);
});

Deno.test("HpackDecoder.decode() bounds what a small block of indexes can stand for", () => {
  const decoder = new HpackDecoder(OPTIONS);
  decodeHex(decoder, "40 01 61 7f a1 1e" + "62".repeat(4000));
  const list = decodeHex(decoder, "be".repeat(16_000));
  assert.equal(list.tooLarge, true);
  assert.equal(list.fields.length, 2 * Math.floor(OPTIONS.maxListSizeBytes / 4033));
});

Deno.test("HpackDecoder.decode() gives the same list when a block comes again", () => {
  const decoder = new HpackDecoder(OPTIONS);
  decodeHex(decoder, "40 01 61 01 62");
  const first = decodeHex(decoder, "82 be 04 02 2f 61");
  assert.equal(decodeHex(decoder, "82 be 04 02 2f 61"), first);
  assert.notEqual(decodeHex(decoder, "82 be 04 02 2f 62"), first);
  assert.equal(decodeHex(decoder, "82 be 04 02 2f 61"), first);
});

Deno.test("HpackDecoder.decode() gives another list when the table changed meanwhile", () => {
  const decoder = new HpackDecoder(OPTIONS);
  decodeHex(decoder, "40 01 61 01 62");
  assert.deepEqual(decodeHex(decoder, "be").fields, ["a", "b"]);
  decodeHex(decoder, "40 01 63 01 64");
  assert.deepEqual(decodeHex(decoder, "be").fields, ["c", "d"]);
  decodeHex(decoder, "20");
  assert.throws(() => decodeHex(decoder, "be"), HpackError);
});

Deno.test("HpackDecoder.decode() repeats a table size update when the table was empty", () => {
  const decoder = new HpackDecoder(OPTIONS);
  decodeHex(decoder, "20 82");
  decodeHex(decoder, "3f e1 1f 82");
  decodeHex(decoder, "20 82");
  decodeHex(decoder, "40 01 61 01 62");
  assert.equal(decoder.tableEntryCount, 0);
});

Deno.test("HpackDecoder.decode() repeats a table size update when its block comes again", () => {
  const decoder = new HpackDecoder(OPTIONS);
  decodeHex(decoder, "20 82");
  decodeHex(decoder, "3f e1 1f 40 01 61 01 62");
  assert.equal(decoder.tableEntryCount, 1);
  decodeHex(decoder, "20 82");
  assert.equal(decoder.tableEntryCount, 0);
});

Deno.test("HpackDecoder.decode() throws HpackError or gives a list when blocks are random", () => {
  const seed = 7541;
  console.log(`seed ${seed}`);
  const prng = new Prng(seed);
  let lists = 0;
  let errors = 0;
  for (let i = 0; i < 40_000; i++) {
    const decoder = new HpackDecoder({
      maxTableSizeBytes: prng.pick([0, 64, 4096]),
      maxListSizeBytes: 300,
    });
    for (let blocks = prng.between(1, 3); blocks > 0; blocks--) {
      const block = randomBlock(prng);
      const list = decodeOrUndefined(decoder, block);
      if (list === undefined) {
        errors++;
        break;
      }
      lists++;
      checkList(list, 300);
    }
  }
  // Neither outcome may be rare, or the generator has stopped testing something.
  assert(lists > 10_000 && errors > 10_000, `${lists} lists, ${errors} errors`);
});

function decodeOrUndefined(decoder: HpackDecoder, block: Uint8Array): HeaderList | undefined {
  try {
    return decoder.decode(block, 0, block.length);
  } catch (error) {
    assert(error instanceof HpackError, String(error));
    return undefined;
  }
}

function checkList(list: HeaderList, maxListSizeBytes: number): void {
  let sizeBytes = 0;
  for (let i = 0; i < list.fields.length; i += 2) {
    sizeBytes += list.fields[i].length + list.fields[i + 1].length + 32;
  }
  assert(sizeBytes <= maxListSizeBytes);
}

/** Pure noise, or a sound block of an encoder of its own with a few bytes changed. */
function randomBlock(prng: Prng): Uint8Array {
  if (prng.chance(0.3)) return prng.bytes(prng.between(0, 40));
  const fields: string[] = [];
  for (let i = prng.between(0, 5); i > 0; i--) {
    fields.push(prng.pick([":path", "a", "te", "cookie", "grpc-timeout"]));
    fields.push(prng.pick(["", "/", "trailers", "x".repeat(prng.between(0, 60))]));
  }
  const target = new Uint8Array(maxEncodedLength(fields));
  const block = target.slice(0, new HpackEncoder().encode(fields, target, 0));
  for (let i = prng.between(0, 2); i > 0 && block.length > 0; i--) {
    block[prng.between(0, block.length - 1)] = prng.uint32() & 0xff;
  }
  return block;
}

Deno.test("HpackDecoder.decode() reads only its part of a larger array", () => {
  const decoder = new HpackDecoder(OPTIONS);
  const bytes = bytesFromLatin1("\xff\x82\x84\xff");
  assert.deepEqual(decoder.decode(bytes, 1, 3).fields, [":method", "GET", ":path", "/"]);
  assert.deepEqual(decoder.decode(bytes, 2, 2).fields, []);
});
