import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import { SendQueue } from "./send_queue.ts";

Deno.test("SendQueue gives back the bytes that were pushed, in order, in any portions", () => {
  const seed = 7;
  const prng = new Prng(seed);
  for (let round = 0; round < 50; round++) {
    const queue = new SendQueue();
    let model = Buffer.alloc(0);
    for (let step = 0; step < 200; step++) {
      if (prng.chance(0.5)) {
        const bytes = prng.bytes(prng.chance(0.1) ? prng.between(0, 20_000) : prng.between(0, 300));
        const start = prng.between(0, bytes.length);
        queue.push(bytes, start, bytes.length);
        model = Buffer.concat([model, bytes.subarray(start)]);
      } else {
        const size = prng.between(0, Math.min(model.length, 9_000));
        const target = Buffer.alloc(size + 2);
        queue.take(size, target, 1);
        assert.deepEqual(target.subarray(1, 1 + size), model.subarray(0, size), `seed ${seed}`);
        model = model.subarray(size);
      }
      assert.equal(queue.sizeBytes, model.length);
    }
  }
});

Deno.test("SendQueue copies what is pushed", () => {
  const queue = new SendQueue();
  const bytes = Buffer.from("before");
  queue.push(bytes, 0, bytes.length);
  bytes.write("after!");
  const taken = Buffer.alloc(6);
  queue.take(6, taken, 0);
  assert.equal(taken.toString(), "before");
});

Deno.test("SendQueue keeps working over very many chunks", () => {
  const queue = new SendQueue();
  const chunk = Buffer.alloc(5_000, 1);
  for (let i = 0; i < 500; i++) queue.push(chunk, 0, chunk.length);
  const taken = Buffer.alloc(5_000);
  for (let i = 0; i < 500; i++) {
    queue.take(5_000, taken, 0);
    assert.deepEqual(taken, chunk);
    taken.fill(0);
  }
  assert.equal(queue.sizeBytes, 0);
});
