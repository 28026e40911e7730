import assert from "node:assert/strict";
import { decodeMeta, encodeMetaPage, type Meta, META_PAGE_BYTES } from "./meta.ts";

const META: Meta = {
  pageBytes: 4096,
  rootId: 2 ** 31 + 5,
  rootSequence: 0xffff_ffff_ffff_fffen,
  freelistId: undefined,
  pageCount: 2 ** 31 + 6,
  transactionId: 2 ** 40 + 1,
};

function encode(meta: Meta): Uint8Array {
  const bytes = new Uint8Array(10 + META_PAGE_BYTES);
  encodeMetaPage(meta, 1, bytes, 10);
  return bytes;
}

Deno.test("decodeMeta() reads what encodeMetaPage() wrote", () => {
  assert.deepEqual(decodeMeta(encode(META), 10), META);
  assert.deepEqual(decodeMeta(encode({ ...META, freelistId: 7 }), 10), { ...META, freelistId: 7 });
});

Deno.test("decodeMeta() says why a meta cannot be used, even if its checksum is right", () => {
  const cases: [Partial<Meta>, RegExp][] = [
    [{ pageBytes: 1000 }, /pages of 1000 bytes/],
    [{ pageBytes: 512 }, /pages of 512 bytes/],
    [{ pageBytes: 131_072 }, /pages of 131072 bytes/],
    [{ rootId: 1 }, /tree begins on page 1$/],
    [{ rootId: META.pageCount }, /tree begins on page/],
    [{ freelistId: 1 }, /freelist begins on page 1$/],
    [{ freelistId: META.pageCount }, /freelist begins on page/],
    [{ pageCount: 2 ** 40 }, /counts 1099511627776 pages/],
    [{ transactionId: 2 ** 54 }, /transaction number is too large/],
  ];
  for (const [change, expected] of cases) {
    assert.match(String(decodeMeta(encode({ ...META, ...change }), 10)), expected);
  }
  const otherVersion = encode(META);
  otherVersion[10 + 16 + 4] = 3;
  assert.match(String(decodeMeta(otherVersion, 10)), /format is version 3, not 2$/);
  assert.match(String(decodeMeta(encode(META), 11)), /too short/);
});
