import assert from "node:assert/strict";
import { RangeRequest } from "../../pb/etcdserverpb.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";
import { RangeCache } from "./range_cache.ts";

const ANSWER = new Uint8Array([1, 2, 3]);

function requestOf(key: string, rangeEnd = ""): RangeRequest {
  return RangeRequest.create({ key, rangeEnd });
}

Deno.test("RangeCache answers the same request of the same caller", () => {
  const cache = new RangeCache();
  cache.add("alice", requestOf("k"), ANSWER);
  assert.equal(cache.get("alice", RangeRequest.create({ key: "k", serializable: true })), ANSWER);
  assert.equal(cache.get("bob", requestOf("k")), undefined);
  assert.equal(cache.get("alice", RangeRequest.create({ key: "k", limit: 1 })), undefined);
  assert.deepEqual([cache.hits, cache.misses], [1, 2]);
});

Deno.test("RangeCache forgets what a change touches, and nothing else", () => {
  const intervals: [string, string][] = [["a", ""], ["b", ""], ["a", "c"], ["b", "\0"], ["c", "d"]];
  function leftAfter(key: string, rangeEnd: string): string[] {
    const cache = new RangeCache();
    for (const [begin, end] of intervals) cache.add("", requestOf(begin, end), ANSWER);
    cache.invalidate(key, rangeEnd);
    return intervals.filter(([begin, end]) => cache.get("", requestOf(begin, end)) !== undefined)
      .map(([begin, end]) => `${begin}-${end}`);
  }
  assert.deepEqual(leftAfter("a", ""), ["b-", "b-\0", "c-d"]);
  assert.deepEqual(leftAfter("b", ""), ["a-", "c-d"]);
  assert.deepEqual(leftAfter("b", "c"), ["a-", "c-d"]);
  assert.deepEqual(leftAfter("d", ""), ["a-", "b-", "a-c", "c-d"]);
  assert.deepEqual(leftAfter("\0", "\0"), []);
});

Deno.test("RangeCache holds as many answers as it may, the latest used", () => {
  const cache = new RangeCache();
  for (let i = 0; i < GRPC_PROXY_LIMITS.cachedResponses; i++) {
    cache.add("", requestOf(`k${i}`), ANSWER);
  }
  assert.equal(cache.get("", requestOf("k0")), ANSWER);
  cache.add("", requestOf("one more"), ANSWER);
  assert.equal(cache.size, GRPC_PROXY_LIMITS.cachedResponses);
  assert.equal(cache.get("", requestOf("k0")), ANSWER);
  assert.equal(cache.get("", requestOf("k1")), undefined);
  // What would fill the cache alone is not worth it.
  cache.add("", requestOf("large"), new Uint8Array(GRPC_PROXY_LIMITS.cachedBytes));
  assert.equal(cache.get("", requestOf("large")), undefined);
});
