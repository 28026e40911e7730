import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { PageAllocator } from "./page_allocator.ts";
import { PageSet } from "./page_set.ts";

function newAllocator(pageCount: number, free: readonly number[]): PageAllocator {
  const set = new PageSet(pageCount);
  for (const id of free) set.add(id);
  return new PageAllocator(pageCount, set);
}

Deno.test("PageAllocator.allocate() gives low pages first, in a row, and then enlarges the file", () => {
  const allocator = newAllocator(20, [3, 5, 6, 9, 10, 11]);
  const spans = [2, 1, 3, 2, 1, 1];
  assert.deepEqual(spans.map((span) => allocator.allocate(span, "db")), [5, 3, 9, 20, 22, 23]);
  assert.deepEqual([allocator.freeCount, allocator.pageCount], [0, 24]);

  const inARow = newAllocator(20, [2, 3, 4, 5, 6, 7, 8]);
  const ids = [1, 2, 1, 2, 1].map((span) => inARow.allocate(span, "db"));
  assert.deepEqual(ids, [2, 3, 5, 6, 8]);
});

Deno.test("PageAllocator.release() makes free what was freed up to a transaction", () => {
  const allocator = newAllocator(20, []);
  allocator.freed(7, [4, 5]);
  allocator.freed(8, [2]);
  allocator.freed(8, []);
  allocator.freed(9, [3]);
  assert.deepEqual([allocator.freeCount, allocator.allocate(1, "db")], [0, 20]);
  allocator.release(6);
  assert.equal(allocator.freeCount, 0);
  allocator.release(8);
  assert.equal(allocator.freeCount, 3);
  assert.deepEqual([allocator.allocate(2, "db"), allocator.allocate(1, "db")], [4, 2]);
  const unused = allocator.unusedPages();
  assert.deepEqual([unused.count, unused.has(3)], [1, true]);
});

Deno.test("PageAllocator.allocate() never gives a page twice", () => {
  for (let seed = 0; seed < 50; seed++) {
    const prng = new Prng(seed);
    const allocator = newAllocator(2, []);
    const used = new Set<number>();
    for (let transactionId = 1; transactionId < 60; transactionId++) {
      for (let i = prng.between(0, 10); i > 0; i--) {
        const span = prng.chance(0.3) ? prng.between(2, 6) : 1;
        const id = allocator.allocate(span, "db");
        for (let page = id; page < id + span; page++) {
          assert.ok(page >= 2 && page < allocator.pageCount && !used.has(page), `seed ${seed}`);
          used.add(page);
        }
      }
      const freed = [...used].filter(() => prng.chance(0.3));
      for (const id of freed) used.delete(id);
      allocator.freed(transactionId, freed);
      allocator.release(transactionId);
      assert.equal(used.size + allocator.freeCount, allocator.pageCount - 2);
    }
  }
});

Deno.test("PageAllocator.allocate() fails where the format's numbers end", () => {
  const allocator = newAllocator(BTREE_LIMITS.pageCount, []);
  assert.throws(() => allocator.allocate(1, "db"), { name: "DiskError", code: "EFBIG" });
});
