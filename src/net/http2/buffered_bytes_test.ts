import assert from "node:assert/strict";
import { HTTP2_LIMITS } from "../limits.ts";
import { BufferedBytes, type BufferHolder } from "./buffered_bytes.ts";

class Holder implements BufferHolder {
  bufferedBytes = 0;
  overflowCount = 0;
  readonly #budget: BufferedBytes;

  constructor(budget: BufferedBytes) {
    this.#budget = budget;
    budget.open(this);
  }

  bufferOverflow(): void {
    this.overflowCount++;
  }

  grow(sizeBytes: number): void {
    this.bufferedBytes += sizeBytes;
    this.#budget.grown(this, sizeBytes);
  }

  shrink(sizeBytes: number): void {
    this.bufferedBytes -= sizeBytes;
    this.#budget.shrunk(sizeBytes);
  }
}

function newBudget(): BufferedBytes {
  return new BufferedBytes({
    ...HTTP2_LIMITS,
    maxBufferedConnectionBytes: 100,
    maxBufferedTotalBytes: 150,
  });
}

Deno.test("BufferedBytes stops a holder that goes beyond its own bound", () => {
  const budget = newBudget();
  const holder = new Holder(budget);
  holder.grow(100);
  assert.equal(holder.overflowCount, 0);
  holder.grow(1);
  assert.equal(holder.overflowCount, 1);
});

Deno.test("BufferedBytes stops the greediest holder when all together hold too much", () => {
  const budget = newBudget();
  const [greedy, modest, late] = [new Holder(budget), new Holder(budget), new Holder(budget)];
  greedy.grow(90);
  modest.grow(60);
  assert.equal(budget.totalBytes, 150);
  late.grow(1);
  assert.deepEqual([greedy, modest, late].map((holder) => holder.overflowCount), [1, 0, 0]);
  greedy.shrink(90);
  budget.close(greedy);
  late.grow(80);
  assert.equal(late.overflowCount, 0);
});
