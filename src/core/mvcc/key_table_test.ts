import assert from "node:assert/strict";
import { headOfKey } from "../../base/btree_leaf.ts";
import { Prng } from "../../base/prng.ts";
import { KeyBytes } from "./key_bytes.ts";
import { KeyTable } from "./key_table.ts";
import { STORE_LIMITS } from "./limits.ts";

function keyBytes(key: string): KeyBytes {
  const bytes = new KeyBytes();
  bytes.load(key);
  return bytes;
}

const KEYS: readonly string[] = [
  "\0",
  "\0\0",
  "a",
  "a\0",
  "a\0\0\0\0",
  "a\0b",
  "ab",
  "abc",
  "abcd",
  "abcd\0",
  "abcde",
  "abce",
  "\x7f",
  "\x80",
  "\xff",
  "\xff\xff\xff\xff\xff",
];

Deno.test("KeyTable.compareKey() orders keys as strings do", () => {
  const table = new KeyTable();
  for (const a of KEYS) {
    const record = table.add(keyBytes(a));
    for (const b of KEYS) {
      const expected = a < b ? -1 : a > b ? 1 : 0;
      assert.equal(Math.sign(table.compareKey(record, keyBytes(b))), expected);
      assert.equal(table.hasKey(record, keyBytes(b)), a === b);
    }
  }
});

Deno.test("KeyTable.headOf() gives zeros behind the key's end, whatever lies there", () => {
  const table = new KeyTable();
  const record = table.add(keyBytes("abcdef"));
  const neighbour = table.add(keyBytes("z"));
  table.setVersion(neighbour, 2 ** 53 - 1, 2 ** 53 - 1, 1);
  for (let offset = 0; offset <= 6; offset++) {
    assert.equal(table.headOf(record, offset), headOfKey("abcdef", offset));
  }
  assert.equal(table.headOf(neighbour, 1), headOfKey("z", 1));
  const eight = table.add(keyBytes("abcdefgh"));
  table.setVersion(table.add(keyBytes("z")), 2 ** 53 - 1, 2 ** 53 - 1, 1);
  for (let offset = 0; offset <= 8; offset++) {
    assert.equal(table.headOf(eight, offset), headOfKey("abcdefgh", offset));
  }
});

Deno.test("KeyTable keeps fields apart and gives them back", () => {
  const table = new KeyTable();
  const first = table.add(keyBytes("first"));
  const second = table.add(keyBytes("second"));
  table.setVersion(first, 2 ** 40, 2 ** 50, 2 ** 53 - 1);
  table.setLease(first, -(2n ** 63n));
  table.setPlace(first, 1, 2, 3);
  table.setLatestChange(first, 4);
  table.addRetainedChanges(first, 5);
  assert.deepEqual(
    [
      table.createRevision(first),
      table.modRevision(first),
      table.version(first),
      table.lease(first),
      table.slab(first),
      table.offset(first),
      table.length(first),
      table.latestChange(first),
      table.retainedChanges(first),
      table.key(first),
    ],
    [2 ** 40, 2 ** 50, 2 ** 53 - 1, -(2n ** 63n), 1, 2, 3, 4, 5, "first"],
  );
  assert.equal(table.hasLease(first), true);
  assert.equal(table.hasLease(second), false);
  assert.equal(table.key(second), "second");
  assert.equal(table.version(second), 0);
});

Deno.test("KeyTable.add() begins with empty fields when a record is used again", () => {
  const table = new KeyTable();
  const record = table.add(keyBytes("abc"));
  table.setVersion(record, 1, 2, 3);
  table.setLease(record, 5n);
  table.setLatestChange(record, 7);
  table.remove(record);
  assert.equal(table.count, 0);
  const again = table.add(keyBytes("xyz"));
  assert.equal(again, record);
  assert.deepEqual(
    [table.version(again), table.lease(again), table.latestChange(again), table.key(again)],
    [0, 0n, 0, "xyz"],
  );
});

Deno.test("KeyTable holds keys of any length across chunks", () => {
  const prng = new Prng(1);
  const table = new KeyTable();
  const records = new Map<number, string>();
  const longest = STORE_LIMITS.keyChunkUnits * 8 * 3;
  for (let i = 0; i < 400; i++) {
    const length = prng.pick([1, 100, 5_000, STORE_LIMITS.sharedKeyRecordUnits * 8, longest]);
    const key = String(i).padEnd(prng.between(3, length + 3), "x");
    const record = table.add(keyBytes(key));
    assert.ok(record > 0 && !records.has(record), "addresses are positive and differ");
    records.set(record, key);
    const [oldest] = records.keys();
    if (prng.chance(0.5)) {
      table.remove(oldest);
      records.delete(oldest);
    }
  }
  assert.equal(table.count, records.size);
  for (const [record, key] of records) assert.equal(table.key(record), key);
});
