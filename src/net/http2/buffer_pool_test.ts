import assert from "node:assert/strict";
import { BufferPool } from "./buffer_pool.ts";

const KIB = 1024;

Deno.test("BufferPool gives a released buffer again to whom it is large enough for", () => {
  const pool = new BufferPool(1024 * KIB);
  const small = pool.acquire(10);
  const large = pool.acquire(40 * KIB);
  assert.equal(small.length, 4 * KIB);
  assert.equal(large.length, 64 * KIB);
  pool.release(small);
  pool.release(large);
  assert.equal(pool.pooledBytes, 68 * KIB);
  assert.equal(pool.acquire(17 * KIB).length, 32 * KIB);
  assert.equal(pool.acquire(33 * KIB), large);
  assert.equal(pool.acquire(4 * KIB), small);
  assert.equal(pool.pooledBytes, 0);
});

Deno.test("BufferPool keeps no more than its bound and nothing huge", () => {
  const pool = new BufferPool(10 * KIB);
  const buffers = [pool.acquire(1), pool.acquire(1), pool.acquire(1)];
  for (const buffer of buffers) pool.release(buffer);
  assert.equal(pool.pooledBytes, 8 * KIB);
  const roomy = new BufferPool(1024 * 1024 * KIB);
  roomy.release(roomy.acquire(5 * 1024 * KIB));
  assert.equal(roomy.pooledBytes, 0);
});
