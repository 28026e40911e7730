import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { PageSet } from "./page_set.ts";

Deno.test("PageSet does what a set of numbers does", () => {
  for (let seed = 0; seed < 50; seed++) {
    const prng = new Prng(seed);
    const max = prng.pick([10, 100, 500]);
    const set = new PageSet(prng.between(0, max));
    const model = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const id = prng.between(0, max);
      if (prng.chance(0.6)) {
        assert.equal(set.add(id), !model.has(id));
        model.add(id);
      } else {
        assert.equal(set.delete(id), model.delete(id));
      }
      assert.equal(set.count, model.size);
      const from = prng.between(0, max + 40);
      const members = [...model].sort((a, b) => a - b);
      assert.equal(set.next(from), members.find((member) => member >= from) ?? -1);
      assert.equal(set.has(from), model.has(from));
      let missing = from;
      while (model.has(missing)) missing++;
      assert.equal(set.nextMissing(from), missing);
      const length = prng.between(1, 5);
      const run = members.find((member) =>
        member >= from && Array.from({ length }).every((_, k) => model.has(member + k))
      );
      assert.equal(set.findRun(length, from), run ?? -1, `seed ${seed}`);
    }
    const copy = set.clone();
    set.clear();
    assert.deepEqual([set.count, set.next(0), copy.count], [0, -1, model.size]);
  }
});

Deno.test("PageSet holds numbers around the borders of 32 bits", () => {
  const set = new PageSet();
  for (const id of [0, 31, 32, 63, 64, 2 ** 26]) assert.ok(set.add(id));
  assert.deepEqual(
    [1, 32, 33, 64, 65, 2 ** 26 + 1].map((from) => set.next(from)),
    [31, 32, 63, 64, 2 ** 26, -1],
  );
  assert.deepEqual([set.nextMissing(31), set.nextMissing(63)], [33, 65]);
  assert.equal(set.findRun(2, 1), 31);
});
