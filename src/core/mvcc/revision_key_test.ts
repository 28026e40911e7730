import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { RevisionKeyFields, writeRevisionKey } from "./revision_key.ts";

function keyOf(main: number, sub: number, tombstone: boolean): Uint8Array {
  const bytes = new Uint8Array(20);
  return bytes.slice(1, 1 + writeRevisionKey(bytes, 1, main, sub, tombstone));
}

/** The same as the format's description has it. */
function expectedKey(main: number, sub: number, tombstone: boolean): Uint8Array {
  const bytes = new Uint8Array(tombstone ? 18 : 17);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(main));
  bytes[8] = "_".charCodeAt(0);
  view.setBigInt64(9, BigInt(sub));
  if (tombstone) bytes[17] = "t".charCodeAt(0);
  return bytes;
}

Deno.test("writeRevisionKey() writes big-endian numbers of 64 bits", () => {
  const numbers = [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
  for (const main of numbers) {
    for (const sub of numbers) {
      assert.deepEqual(keyOf(main, sub, false), expectedKey(main, sub, false));
      assert.deepEqual(keyOf(main, sub, true), expectedKey(main, sub, true));
    }
  }
});

Deno.test("RevisionKeyFields.read() reads what was written", () => {
  const prng = new Prng(3);
  const fields = new RevisionKeyFields();
  for (let i = 0; i < 500; i++) {
    const main = prng.between(0, Number.MAX_SAFE_INTEGER);
    const sub = prng.between(0, 2 ** prng.between(0, 53) - 1);
    const bytes = keyOf(main, sub, i % 2 === 0);
    assert.equal(fields.read(bytes, 0, bytes.length), true);
    assert.deepEqual([fields.main, fields.sub, fields.tombstone], [main, sub, i % 2 === 0]);
  }
});

Deno.test("RevisionKeyFields.read() refuses what is not the key of a change", () => {
  const fields = new RevisionKeyFields();
  const put = keyOf(7, 1, false);
  const tombstone = keyOf(7, 1, true);
  assert.equal(fields.read(put, 0, 16), false);
  assert.equal(fields.read(tombstone, 0, 18), true);
  assert.equal(fields.read(Uint8Array.of(...tombstone, 0), 0, 19), false);
  assert.equal(fields.read(tombstone.with(17, 0x75), 0, 18), false);
  assert.equal(fields.read(put.with(8, 0x2e), 0, 17), false);
  assert.equal(fields.read(put.with(0, 0x80), 0, 17), false, "a negative revision");
  assert.equal(fields.read(put.with(9, 0x80), 0, 17), false, "a negative sub revision");
  assert.equal(fields.read(put.with(1, 0x20), 0, 17), false, "a number beyond 2^53");
});
