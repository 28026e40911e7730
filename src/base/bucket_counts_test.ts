import assert from "node:assert/strict";
import { BucketCounts, exponentialBounds } from "./bucket_counts.ts";

Deno.test("BucketCounts puts a value into the first bucket whose bound it does not exceed", () => {
  const counts = new BucketCounts(exponentialBounds(1, 2, 3));
  assert.deepEqual(counts.bounds, [1, 2, 4]);
  for (const value of [0.5, 1, 1.5, 4, 5, 100]) counts.add(value);
  assert.deepEqual(counts.counts, [2, 1, 1, 2]);
  assert.equal(counts.total, 6);
  assert.equal(counts.sum, 112);
});
