import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import type { BTreeFile } from "../btree/btree_file.ts";
import { compactCopy } from "../btree/compact_copy.ts";
import { KeyValueFields } from "../../core/mvcc/key_value_encoding.ts";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { revisionKey } from "../btree/testing/btree_fixtures.ts";
import {
  commitBatch,
  damageIn,
  newDisk,
  openFile,
  PATH,
  putPair,
  putTombstone,
  UNINTERRUPTED,
  withRead,
} from "./testing/backend_fixtures.ts";
import { FilePairs } from "./file_pairs.ts";
import { Bucket } from "./schema.ts";

/** The pairs in a file by revision. */
type Pairs = Map<number, KeyValue>;

async function putPairs(file: BTreeFile, prng: Prng, pairs: Pairs, count: number): Promise<void> {
  await commitBatch(file, (batch) => {
    const first = 2 + pairs.size * 2;
    for (let main = first; main < first + count * 2; main += 2) {
      const size = prng.chance(0.03) ? prng.between(1000, 5000) : prng.between(0, 120);
      const lease = prng.chance(0.2) ? prng.uint64() & 0x7fff_ffff_ffff_ffffn : 0n;
      const fields = { key: `k${main}`, value: prng.bytes(size), lease };
      pairs.set(main, putPair(batch, main, fields, main % 3));
    }
  });
}

function readPair(pairs: FilePairs, main: number): KeyValue {
  const { bytes, start, end } = pairs.read(main, main % 3);
  return KeyValue.decode(bytes, start, end);
}

async function withPairs(
  use: (file: BTreeFile, pairs: FilePairs, expected: Pairs) => Promise<void> | void,
): Promise<void> {
  const file = await openFile(newDisk(), { cacheBytes: 20_000 });
  const expected: Pairs = new Map();
  await putPairs(file, new Prng(1), expected, 1500);
  const pairs = new FilePairs(file);
  await use(file, pairs, expected);
  pairs.close();
  await file.close();
}

Deno.test("FilePairs.read() reads pairs in any order", () =>
  withPairs((_file, pairs, expected) => {
    const prng = new Prng(2);
    const mains = [...expected.keys()];
    const check = (main: number): void =>
      assert.deepEqual(readPair(pairs, main), expected.get(main), `revision ${main}`);
    mains.forEach(check);
    mains.reverse().forEach(check);
    for (let i = 0; i < 3000; i++) check(prng.pick(mains));
    // Steps of all sizes, within a leaf, to the next one and far away.
    for (let step = 1; step < 400; step += prng.between(1, 9)) {
      for (let i = mains.length - 1; i >= 0; i -= step) check(mains[i]);
    }
  }));

Deno.test("FilePairs.read() throws for what is not there, wherever it stands", () =>
  withPairs((_file, pairs, expected) => {
    const prng = new Prng(3);
    const mains = [...expected.keys()];
    for (let i = 0; i < 2000; i++) {
      const main = prng.pick(mains);
      if (prng.chance(0.5)) readPair(pairs, main);
      const missing = prng.chance(0.5) ? main + 1 : prng.pick([0, 1, 1e6, 2 ** 50]);
      const error = damageIn(() => pairs.read(missing, 0));
      assert.match(error.message, new RegExp(`revision ${missing}/0 is missing`));
      assert.throws(() => pairs.read(main, main % 3 + 1));
      assert.deepEqual(readPair(pairs, main), expected.get(main));
    }
  }));

Deno.test("FilePairs.read() throws where there are no pairs at all", async () => {
  const file = await openFile();
  const pairs = new FilePairs(file);
  assert.match(damageIn(() => pairs.read(2, 0)).message, /the bucket key is missing/);
  await commitBatch(file, () => {});
  pairs.refresh();
  assert.match(damageIn(() => pairs.read(2, 0)).message, /revision 2\/0 is missing/);
  assert.match(damageIn(() => pairs.read(3, 0)).message, /revision 3\/0 is missing/);
  pairs.close();
  await file.close();
});

Deno.test("FilePairs keeps reading what it read before until refresh()", () =>
  withPairs(async (file, pairs, expected) => {
    const before = [...expected.keys()];
    const held = before.map((main) => pairs.read(main, main % 3));
    const prng = new Prng(4);
    for (let round = 0; round < 20; round++) {
      const first = 2 + expected.size * 2;
      await putPairs(file, prng, expected, 60);
      assert.throws(() => readPair(pairs, first), /is missing/);
      const kept = before[before.length - 1 - round];
      assert.deepEqual(readPair(pairs, kept), expected.get(kept));
      pairs.refresh();
      assert.deepEqual(readPair(pairs, first), expected.get(first));
      await commitBatch(file, (batch) => {
        for (const main of before.slice(round * 40, round * 40 + 40)) {
          batch.removeChange(main, main % 3, false);
        }
      });
      assert.deepEqual(readPair(pairs, before[round * 40]), expected.get(before[round * 40]));
      pairs.refresh();
      assert.throws(() => readPair(pairs, before[round * 40]), /is missing/);
    }
    held.forEach(({ bytes, start, end }, i) => {
      assert.deepEqual(KeyValue.decode(bytes, start, end), expected.get(before[i]));
    });
  }));

Deno.test("FilePairs.refresh() lets the pages of the tree before be used again", () =>
  withPairs(async (file, pairs, expected) => {
    const sizes: number[] = [];
    for (let round = 0; round < 60; round++) {
      const [main, kv] = [...expected][round];
      await commitBatch(file, (batch) => putPair(batch, main, kv, main % 3));
      pairs.refresh();
      sizes.push(file.sizeBytes);
    }
    // Each of the commits writes at least the way from the top of two trees to a leaf.
    assert.ok(sizes[59] - sizes[10] < 49 * file.pageBytes, `${sizes[59] - sizes[10]}`);
  }));

Deno.test("FilePairs.switchTo() goes on with another file", () =>
  withPairs(async (file, pairs, expected) => {
    const fileSystem = newDisk();
    await withRead(file, (read) => compactCopy(read, { ...UNINTERRUPTED, fileSystem, path: PATH }));
    const copy = await openFile(fileSystem);
    pairs.read(2, 2);
    pairs.switchTo(copy);
    for (const [main, kv] of expected) assert.deepEqual(readPair(pairs, main), kv);
    await putPairs(copy, new Prng(5), expected, 1);
    pairs.refresh();
    const last = Math.max(...expected.keys());
    assert.deepEqual(readPair(pairs, last), expected.get(last));
    pairs.switchTo(file);
    await copy.close();
  }));

Deno.test("FilePairs.read() refuses tombstones and bytes that are not the pair", async () => {
  const good = KeyValue.encode(KeyValue.create({
    key: "key",
    createRevision: 3,
    modRevision: 9,
    version: 300,
    value: bytesFromLatin1("value"),
    lease: -1n,
  }));
  const cases: Uint8Array[] = [
    ...Array.from({ length: good.length }, (_, size) => good.slice(0, size)),
    Uint8Array.of(...good, 0),
    KeyValue.encode(KeyValue.create({ key: "key", createRevision: 3, modRevision: 8, version: 1 })),
    KeyValue.encode(KeyValue.create({ key: "key", modRevision: 9, version: 1 })),
    KeyValue.encode(KeyValue.create({ createRevision: 3, modRevision: 9, version: 1 })),
  ];
  const readable = new Set([good.length - 11, good.length - 11 - 7]);
  for (const bytes of cases) {
    const file = await openFile();
    const write = file.beginWrite();
    write.createBucketIfMissing(Bucket.KEY).put(bytesFromLatin1(revisionKey(9, 0)), bytes);
    await write.commit();
    const pairs = new FilePairs(file);
    // Without its lease, and without its value, it is a pair still.
    if (readable.has(bytes.length) && bytes[1] === 3 && bytes.length < good.length) {
      pairs.read(9, 0);
    } else {
      assert.match(damageIn(() => pairs.read(9, 0)).message, /revision 9\/0 is damaged/);
    }
    pairs.close();
    await file.close();
  }
  const file = await openFile();
  await commitBatch(file, (batch) => putTombstone(batch, 9, "key"));
  const pairs = new FilePairs(file);
  assert.match(damageIn(() => pairs.read(9, 0)).message, /revision 9\/0 is missing/);
  pairs.close();
  await file.close();
});

Deno.test("FilePairs.read() gives bytes that can be read, or finds the damage, whatever bits flip", async () => {
  const prng = new Prng(6);
  const fileSystem = newDisk();
  const expected: Pairs = new Map();
  const made = await openFile(fileSystem);
  await putPairs(made, prng, expected, 300);
  await made.close();
  const mains = [...expected.keys()];
  let damaged = 0;
  for (let round = 0; round < 200; round++) {
    const disk = fileSystem.open(PATH, "write");
    const at = prng.between(2048, disk.size() - 1);
    const before = new Uint8Array(1);
    disk.readAt(before, 0, 1, at);
    disk.writeAt(before.map((byte) => byte ^ (1 << prng.between(0, 7))), 0, 1, at);
    const file = await openFile(fileSystem, { readOnly: true });
    const pairs = new FilePairs(file);
    for (const main of mains) {
      try {
        new KeyValueFields().read(pairs.read(main, main % 3));
      } catch (error) {
        damaged++;
        damageIn(() => {
          throw error;
        });
      }
    }
    pairs.close();
    await file.close();
    disk.writeAt(before, 0, 1, at);
    disk.close();
  }
  assert.ok(damaged > 20, `${damaged} times damage was found`);
});
