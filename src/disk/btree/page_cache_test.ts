import assert from "node:assert/strict";
import { BTREE_LIMITS } from "./limits.ts";
import { Page } from "./page.ts";
import { PageCache } from "./page_cache.ts";

const PAGE_BYTES = 1024;
const CACHED_BYTES = PAGE_BYTES + BTREE_LIMITS.cachedPageOverheadBytes;

function newPage(id: number, span = 1): Page {
  return new Page(id, new Uint8Array(span * PAGE_BYTES));
}

Deno.test("PageCache.put() keeps within its bound", () => {
  const cache = new PageCache(10 * CACHED_BYTES);
  for (let id = 0; id < 100; id++) {
    cache.put(newPage(id));
    assert.ok(cache.sizeBytes <= 10 * CACHED_BYTES);
    assert.equal(cache.get(id)?.id, id);
  }
  assert.equal(cache.sizeBytes, 10 * CACHED_BYTES);
  cache.put(newPage(500, 8));
  assert.equal(cache.get(500)?.bytes.length, 8 * PAGE_BYTES);
  assert.ok(cache.sizeBytes <= 10 * CACHED_BYTES);
});

Deno.test("PageCache.put() does not keep a page that is larger than its bound", () => {
  const cache = new PageCache(10 * CACHED_BYTES);
  cache.put(newPage(1));
  cache.put(newPage(2, 20));
  assert.deepEqual([cache.get(1)?.id, cache.get(2)], [1, undefined]);
});

Deno.test("PageCache.put() evicts what is not used before what is", () => {
  const cache = new PageCache(10 * CACHED_BYTES);
  for (const id of [1, 2, 3]) cache.put(newPage(id));
  for (let id = 100; id < 300; id++) {
    cache.put(newPage(id));
    for (const used of [1, 2, 3]) assert.equal(cache.get(used)?.id, used);
  }
});

Deno.test("PageCache.put() replaces the page of the same number, and remove() takes it out", () => {
  const cache = new PageCache(10 * CACHED_BYTES);
  cache.put(newPage(1));
  const replacement = newPage(1, 2);
  cache.put(replacement);
  assert.equal(cache.get(1), replacement);
  assert.equal(cache.sizeBytes, CACHED_BYTES + PAGE_BYTES);
  cache.remove(1);
  cache.remove(1);
  assert.deepEqual([cache.get(1), cache.sizeBytes], [undefined, 0]);
});
