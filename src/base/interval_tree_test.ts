import assert from "node:assert/strict";
import { IntervalTree, NO_END } from "./interval_tree.ts";
import { Prng } from "./prng.ts";

Deno.test("IntervalTree.collect() finds what is around a point when ends are excluded and open", () => {
  const tree = new IntervalTree<string>();
  tree.set("b", "d", "b-d");
  tree.set("a", NO_END, "a-");
  tree.set("c", "c\0", "c only");
  tree.set("b", NO_END, "b-");
  assert.deepEqual(around(tree, "b"), ["a-", "b-", "b-d"]);
  assert.deepEqual(around(tree, "c"), ["a-", "b-", "b-d", "c only"]);
  assert.deepEqual(around(tree, "d"), ["a-", "b-"]);
  assert.deepEqual(around(tree, "\xff"), ["a-", "b-"]);
  assert.deepEqual(around(tree, "A"), []);
});

Deno.test("IntervalTree.set() keeps one value when the interval is inside already", () => {
  const tree = new IntervalTree<number>();
  tree.set("a", "b", 1);
  tree.set("a", "b", 2);
  assert.equal(tree.size, 1);
  assert.equal(tree.get("a", "b"), 2);
  assert.equal(tree.delete("a", "c"), false);
  assert.equal(tree.delete("a", "b"), true);
  assert.equal(tree.size, 0);
});

Deno.test("IntervalTree agrees with a linear scan when changed at random", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed);
    const tree = new IntervalTree<string>();
    const list = new Map<string, { start: string; end: string }>();
    for (let step = 0; step < 300; step++) {
      const { start, end } = randomInterval(prng);
      const name = JSON.stringify([start, end]);
      if (prng.chance(seed % 2 === 0 ? 0.6 : 0.35)) {
        tree.set(start, end, name);
        list.set(name, { start, end });
      } else {
        assert.equal(tree.delete(start, end), list.delete(name), `seed ${seed} step ${step}`);
      }
      assert.equal(tree.size, list.size);
      assert.equal(tree.get(start, end), list.has(name) ? name : undefined);
      const point = randomPoint(prng);
      assert.deepEqual(around(tree, point), scan(list, point), `seed ${seed} step ${step}`);
    }
  }
});

Deno.test("IntervalTree stays shallow when intervals come in ascending order", () => {
  const tree = new IntervalTree<number>();
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    const start = String.fromCharCode(i >> 16, (i >> 8) & 0xff, i & 0xff);
    tree.set(start, start + "\0", i);
  }
  assert.equal(tree.size, count);
  assert.deepEqual(around(tree, String.fromCharCode(1, 2, 3)), [0x010203]);
  for (let i = 0; i < count; i += 2) {
    const start = String.fromCharCode(i >> 16, (i >> 8) & 0xff, i & 0xff);
    assert.ok(tree.delete(start, start + "\0"));
  }
  assert.equal(tree.size, count / 2);
  assert.deepEqual(around(tree, String.fromCharCode(1, 2, 4)), []);
});

function around<T>(tree: IntervalTree<T>, point: string): T[] {
  const found: T[] = [];
  tree.collect(point, found);
  return found.sort();
}

function scan(list: Map<string, { start: string; end: string }>, point: string): string[] {
  const found: string[] = [];
  for (const [name, { start, end }] of list) {
    if (start <= point && (end === NO_END || point < end)) found.push(name);
  }
  return found.sort();
}

function randomPoint(prng: Prng): string {
  let text = "";
  for (let length = prng.between(1, 2); length > 0; length--) {
    text += prng.pick(["\0", "a", "b", "c", "d", "\x80", "\xff"]);
  }
  return text;
}

function randomInterval(prng: Prng): { start: string; end: string } {
  const [start, other] = [randomPoint(prng), randomPoint(prng)];
  if (start === other || prng.chance(0.15)) return { start, end: NO_END };
  return start < other ? { start, end: other } : { start: other, end: start };
}
