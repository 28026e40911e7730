import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { KeyBytes } from "./key_bytes.ts";
import { sortRecords } from "./key_sort.ts";
import { KeyTable } from "./key_table.ts";

/** Sorts keys by way of their records; returns them and in how many slices that was done. */
function sorted(keys: readonly string[]): { keys: string[]; slices: number } {
  const table = new KeyTable();
  const bytes = new KeyBytes();
  const records = Int32Array.from(keys, (key) => {
    bytes.load(key);
    return table.add(bytes);
  });
  const slices = [...sortRecords(table, records)].length;
  return { keys: [...records].map((record) => table.key(record)), slices };
}

function assertSorts(keys: Iterable<string>): void {
  const distinct = [...new Set(keys)];
  assert.deepEqual(sorted(distinct).keys, [...distinct].sort());
}

function randomText(prng: Prng, alphabet: string, maxLength: number): string {
  const length = prng.between(1, maxLength);
  return Array.from({ length }, () => prng.pick([...alphabet])).join("");
}

Deno.test("sortRecords() sorts random keys of all kinds", () => {
  const prng = new Prng(11);
  for (const count of [0, 1, 2, 5, 40, 60, 500, 5_000]) {
    assertSorts(Array.from({ length: count }, () => randomText(prng, "ab", 20)));
    assertSorts(Array.from({ length: count }, () => randomText(prng, "\0\x01", 14)));
    assertSorts(Array.from({ length: count }, () => randomText(prng, "\x7f\x80\xff\0", 9)));
    assertSorts(Array.from({ length: count }, (_, i) => `/registry/pods/${i % 7}/${i * 7919}`));
    assertSorts(
      Array.from({ length: count }, (_, i) => `${"p".repeat(i % 50)}/${count - i}`),
    );
  }
});

Deno.test("sortRecords() sorts keys that differ only in zero bytes at their end", () => {
  for (const count of [3, 30, 300, 5_000]) {
    const keys = Array.from({ length: count }, (_, i) => `k${"\0".repeat((i * 31) % 5_003)}`);
    assertSorts([...keys, "k\x01", "j"]);
  }
});

Deno.test("sortRecords() parts the work when keys are many, also if they are much alike", () => {
  const prefix = "/a/prefix/that/is/longer/than/a/head/";
  const keys = Array.from({ length: 50_000 }, (_, i) => prefix + ((i * 7919) % 50_000));
  const result = sorted(keys);
  assert.deepEqual(result.keys, keys.sort());
  assert.ok(result.slices > 20);
});
