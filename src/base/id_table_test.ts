import assert from "node:assert/strict";
import { IdTable } from "./id_table.ts";
import { Prng } from "./prng.ts";

interface Item {
  readonly id: number;
}

Deno.test("IdTable finds what was added and not removed", () => {
  const table = new IdTable<Item>();
  const item = { id: 7 };
  table.add(item);
  assert.equal(table.get(7), item);
  assert.equal(table.get(8), undefined);
  table.remove(8);
  assert.equal(table.size, 1);
  table.remove(7);
  assert.equal(table.get(7), undefined);
  assert.equal(table.size, 0);
});

Deno.test("IdTable agrees with a Map while things come and go at random", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const prng = new Prng(seed);
    const table = new IdTable<Item>();
    const map = new Map<number, Item>();
    let most = 0;
    for (let step = 0; step < 3_000; step++) {
      // First there is ever more, then ever less.
      const isGrowing = prng.chance(step < 1_500 ? 0.7 : 0.3);
      const id = prng.between(0, 1_500) * 2 + 1;
      if (isGrowing && !map.has(id)) {
        const item = { id };
        map.set(id, item);
        table.add(item);
      } else if (!isGrowing) {
        map.delete(id);
        table.remove(id);
      }
      most = Math.max(most, map.size);
      assert.equal(table.size, map.size, `seed ${seed} step ${step}`);
      assert.equal(table.get(id), map.get(id), `seed ${seed} step ${step}`);
    }
    assert.ok(most > 300, "the table had to grow");
    const expected = [...map.values()].sort((a, b) => a.id - b.id);
    assert.deepEqual(table.values(), expected, `seed ${seed}`);
    for (const { id } of expected) table.remove(id);
    assert.deepEqual(table.values(), []);
  }
});

Deno.test("IdTable is empty after clear()", () => {
  const table = new IdTable<Item>();
  for (let id = 1; id < 100; id++) table.add({ id });
  table.clear();
  assert.equal(table.size, 0);
  assert.equal(table.get(5), undefined);
  table.add({ id: 5 });
  assert.deepEqual(table.values(), [{ id: 5 }]);
});
