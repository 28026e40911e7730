import assert from "node:assert/strict";
import { Heap, type HeapItem, NOT_IN_HEAP } from "./heap.ts";
import { Prng } from "./prng.ts";

interface Item extends HeapItem {
  readonly name: number;
}

function newItem(name: number): Item {
  return { name, heapKey: 0, heapIndex: NOT_IN_HEAP };
}

Deno.test("Heap.pop() gives the smallest key first when keys repeat", () => {
  const heap = new Heap<Item>();
  for (const key of [5, 1, 4, 1, 3]) heap.push(newItem(key), key);
  const keys: number[] = [];
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) keys.push(item.heapKey);
  assert.deepEqual(keys, [1, 1, 3, 4, 5]);
  assert.equal(heap.size, 0);
  assert.equal(heap.peek(), undefined);
});

Deno.test("Heap agrees with a sorted list when pushed, popped, removed from and re-keyed at random", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const prng = new Prng(seed);
    const heap = new Heap<Item>();
    const inside: Item[] = [];
    for (let step = 0; step < 400; step++) {
      changeAtRandom(prng, heap, inside, step);
      assert.equal(heap.size, inside.length, `seed ${seed} step ${step}`);
      const smallest = inside.reduce((least, item) => Math.min(least, item.heapKey), Infinity);
      assert.equal(heap.peek()?.heapKey ?? Infinity, smallest, `seed ${seed} step ${step}`);
    }
    inside.sort((a, b) => a.heapKey - b.heapKey);
    assert.deepEqual(drain(heap), inside.map((item) => item.heapKey), `seed ${seed}`);
    assert.ok(inside.every((item) => item.heapIndex === NOT_IN_HEAP), `seed ${seed}`);
  }
});

Deno.test("Heap.clear() leaves the items free for another heap", () => {
  const heap = new Heap<Item>();
  const item = newItem(1);
  heap.push(item, 7);
  heap.clear();
  assert.equal(heap.size, 0);
  new Heap<Item>().push(item, 8);
  assert.equal(item.heapIndex, 0);
});

Deno.test("Heap.push() and remove() refuse when the item is inside already or not at all", () => {
  const heap = new Heap<Item>();
  const item = newItem(1);
  assert.throws(() => heap.remove(item));
  heap.push(item, 1);
  assert.throws(() => heap.push(item, 2));
});

function changeAtRandom(prng: Prng, heap: Heap<Item>, inside: Item[], name: number): void {
  const choice = prng.between(0, 9);
  if (choice < 5 || inside.length === 0) {
    const item = newItem(name);
    heap.push(item, prng.between(0, 60));
    inside.push(item);
    return;
  }
  const item = choice < 7 ? heap.peek() : prng.pick(inside);
  assert.ok(item);
  if (choice === 9) {
    heap.rekey(item, prng.between(0, 60));
    return;
  }
  if (choice < 7) heap.pop();
  else heap.remove(item);
  inside.splice(inside.indexOf(item), 1);
}

function drain(heap: Heap<Item>): number[] {
  const keys: number[] = [];
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) keys.push(item.heapKey);
  return keys;
}
