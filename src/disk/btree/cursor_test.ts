import assert from "node:assert/strict";
import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import { newMemoryDisk } from "../testing/wal_fixtures.ts";
import { commit, openSmall, putRevisions, revisionKey } from "./testing/btree_fixtures.ts";
import type { Cursor } from "./cursor.ts";

Deno.test("Cursor goes both ways from every place", async () => {
  const file = await openSmall(newMemoryDisk());
  const operations = putRevisions(0, 150).filter((_, i) => i % 3 === 1);
  await commit(file, operations);
  const read = file.beginRead();
  const cursor = read.bucket("key")?.cursor();
  assert.ok(cursor !== undefined);
  assert.deepEqual([cursor.next(), cursor.previous()], [false, false]);
  const here = (found: boolean): number =>
    found ? Number(latin1FromBytes(cursor.value).replaceAll("v", "")) : -1;
  assert.deepEqual([here(cursor.first()), here(cursor.last())], [1, 148]);
  for (let from = 0; from <= 151; from++) {
    const next = from <= 1 ? 1 : from <= 148 ? Math.ceil((from - 1) / 3) * 3 + 1 : -1;
    const seek = (): number => here(cursor.seek(bytesFromLatin1(revisionKey(from, 0))));
    assert.equal(seek(), next);
    if (next < 0) {
      assert.deepEqual([cursor.next(), cursor.previous()], [false, false]);
      continue;
    }
    assert.equal(here(cursor.next()), next === 148 ? -1 : next + 3);
    seek();
    assert.equal(here(cursor.previous()), next === 1 ? -1 : next - 3);
  }
  assert.deepEqual(walk(cursor, false), walk(cursor, true).reverse());
  read.close();
  await file.close();
});

function walk(cursor: Cursor, isForward: boolean): string[] {
  const keys: string[] = [];
  let found = isForward ? cursor.first() : cursor.last();
  while (found) {
    keys.push(latin1FromBytes(cursor.key));
    found = isForward ? cursor.next() : cursor.previous();
  }
  assert.equal(keys.length, 50);
  return keys;
}
