import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { KeyBytes } from "./key_bytes.ts";
import { KeyHash } from "./key_hash.ts";
import { KeyIndex } from "./key_index.ts";
import { KeyTable } from "./key_table.ts";
import { STORE_LIMITS } from "./limits.ts";

Deno.test("KeyHash finds what was added and not removed, through splits", () => {
  const prng = new Prng(7);
  const table = new KeyTable();
  const hash = new KeyHash(table);
  const records = new Map<string, number>();
  const key = new KeyBytes();
  for (let i = 0; i < 30_000; i++) {
    const text = `key-${prng.between(0, 20_000)}`;
    key.load(text);
    const record = records.get(text);
    assert.equal(hash.find(key), record ?? 0);
    if (record === undefined) {
      const added = table.add(key);
      hash.add(key, added);
      records.set(text, added);
    } else {
      hash.remove(key);
      table.remove(record);
      records.delete(text);
    }
  }
  assert.equal(hash.check(), records.size);
  for (const [text, record] of records) {
    key.load(text);
    assert.equal(hash.find(key), record);
  }
});

/**
 * Different keys with one hash, as an attacker would make them: the second half of each takes
 * back what the first half did.
 */
function collidingKeys(count: number): string[] {
  const keys: string[] = [];
  const factor = 0x9e3779b1;
  const first = mixed(Math.imul(8, factor));
  for (let i = 0; i < count; i++) {
    const state = mixed(Math.imul(8 ^ (i + 1), factor));
    keys.push(wordText(i + 1) + wordText(state ^ first));
  }
  return keys;
}

function mixed(hash: number): number {
  return hash ^ (hash >>> 15);
}

function wordText(word: number): string {
  return String.fromCharCode(
    word & 0xff,
    (word >>> 8) & 0xff,
    (word >>> 16) & 0xff,
    word >>> 24,
  );
}

Deno.test("KeyIndex finds all keys when more have one hash than a probe goes through", () => {
  const keys = collidingKeys(STORE_LIMITS.hashProbes * 3);
  const bytes = new KeyBytes();
  const hashes = new Set(keys.map((key) => {
    bytes.load(key);
    return bytes.hash;
  }));
  assert.equal(hashes.size, 1, "the keys collide");
  const index = new KeyIndex();
  const records = keys.map((key) => {
    const record = index.add(key);
    index.table.setVersion(record, 1, 1, 1);
    return record;
  });
  assert.deepEqual(keys.map((key) => index.find(key)), records);
  assert.equal(index.find("missing"), 0);
  index.check();
  records.forEach((record, i) => i % 2 === 0 && index.remove(record));
  assert.deepEqual(
    keys.map((key) => index.find(key)),
    records.map((record, i) => i % 2 === 0 ? 0 : record),
  );
  index.check();
});

/** An index restored from keys, each of which comes `times` times. */
function restoredIndex(keys: readonly string[], times: number): KeyIndex {
  const index = new KeyIndex();
  const records = new Map<string, number>();
  for (let i = 0; i < times; i++) {
    for (const key of keys) {
      const bytes = bytesFromLatin1(`..${key}..`);
      const record = index.restore(bytes, 2, key.length);
      assert.equal(record, records.get(key) ?? record, "a key has one record");
      records.set(key, record);
      // Every third key does not exist at present.
      const exists = records.size % 3 !== 0 ? 1 : 0;
      if (i === 0) index.table.setVersion(record, exists, 1, exists);
    }
  }
  let visits = 0;
  for (const _ of index.finishRestore(() => visits++));
  assert.equal(visits, keys.length);
  return index;
}

Deno.test("KeyIndex.restore() and finishRestore() make what add() would have made", () => {
  for (const count of [0, 1, 64, 65, 10_000]) {
    const keys = Array.from({ length: count }, (_, i) => `key-${(i * 7919) % 10_007}`);
    const index = restoredIndex(keys, 2);
    index.check();
    assert.equal(index.tree.size, count);
    assert.equal(index.tree.countedSize, count - Math.floor(count / 3));
    for (const key of keys) assert.notEqual(index.find(key), 0);
    for (let i = 0; i < 500; i++) index.table.setVersion(index.add(`new-${i}`), 1, 1, 1);
    for (const key of keys.slice(0, 300)) index.remove(index.find(key));
    index.check();
  }
});

Deno.test("KeyIndex.restore() finds all keys when more have one hash than a probe goes through", () => {
  const keys = collidingKeys(STORE_LIMITS.hashProbes * 3);
  const index = restoredIndex(keys, 3);
  index.check();
  assert.equal(index.tree.size, keys.length);
  for (const key of keys) assert.equal(index.keyOf(index.find(key)), key);
});

Deno.test("KeyBytes.load() gives equal hashes to equal keys only by their content", () => {
  const a = new KeyBytes();
  const b = new KeyBytes();
  a.load("x".repeat(5_000));
  a.load("abc");
  b.load("abc");
  assert.equal(a.hash, b.hash);
  assert.equal(a.length, 3);
  assert.equal(a.words[0], b.words[0]);
  b.load("abc\0");
  assert.notEqual(a.hash, b.hash);
});

Deno.test("KeyBytes.loadBytes() loads what load() does, and load() knows that it did", () => {
  const a = new KeyBytes();
  const b = new KeyBytes();
  for (const key of ["abc", "", "abcd", "x".repeat(5_000), "abcde"]) {
    a.load(key);
    b.loadBytes(bytesFromLatin1(`..${key}.`), 2, key.length);
    assert.equal(a.hash, b.hash);
    assert.equal(a.length, b.length);
    assert.deepEqual(
      a.words.slice(0, (key.length + 3) >> 2),
      b.words.slice(0, (key.length + 3) >> 2),
    );
  }
  a.loadBytes(bytesFromLatin1("other"), 0, 5);
  a.load("abcde");
  assert.equal(a.hash, b.hash);
});
