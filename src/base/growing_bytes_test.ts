import assert from "node:assert/strict";
import { GrowingBytes } from "./growing_bytes.ts";
import { Prng } from "./prng.ts";

Deno.test("GrowingBytes holds what has come, in whatever pieces", () => {
  const prng = new Prng(1);
  const growing = new GrowingBytes();
  for (let round = 0; round < 50; round++) {
    const bytes = prng.bytes(prng.between(0, 5000));
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + prng.between(0, prng.pick([2, 100, 5000])));
      growing.append(bytes, at, end);
      at = end;
      assert.equal(growing.length, at);
    }
    assert.deepEqual(growing.take(), bytes);
    assert.equal(growing.length, 0);
  }
});

Deno.test("GrowingBytes takes no more than twice the memory of single bytes", () => {
  const growing = new GrowingBytes();
  const count = 300_000;
  for (let i = 0; i < count; i++) growing.append(Uint8Array.of(1, i, 3), 1, 2);
  const whole = growing.take();
  assert.equal(whole.length, count);
  assert.equal(whole[count - 1], (count - 1) & 0xff);
  assert.ok(whole.buffer.byteLength <= 2 * count);
});

Deno.test("GrowingBytes keeps nothing of what it was given", () => {
  const growing = new GrowingBytes();
  const given = Uint8Array.of(1, 2);
  growing.append(given, 0, 2);
  given.fill(9);
  const first = growing.take();
  growing.append(given, 0, 2);
  assert.deepEqual(first, Uint8Array.of(1, 2));
});
