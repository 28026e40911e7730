import assert from "node:assert/strict";
import { headOfKey } from "./btree_leaf.ts";
import { CountedBtree, type HandleKeys } from "./counted_btree.ts";
import { Prng } from "./prng.ts";

/** The obvious thing that the tree must agree with: a sorted array. */
class SortedArray implements HandleKeys {
  readonly entries: { key: string; handle: number; counted: boolean }[] = [];
  readonly #keys = new Map<number, string>();

  compareKey(handle: number, key: string): number {
    const own = this.keyOf(handle);
    return own < key ? -1 : own > key ? 1 : 0;
  }

  keyOf(handle: number): string {
    const key = this.#keys.get(handle);
    assert.ok(key !== undefined, `handle ${handle} is known`);
    return key;
  }

  headOf(handle: number, offset: number): number {
    return headOfKey(this.keyOf(handle), offset);
  }

  add(key: string, handle: number): void {
    this.#keys.set(handle, key);
    this.entries.push({ key, handle, counted: true });
    this.entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  find(key: string): { key: string; handle: number; counted: boolean } | undefined {
    return this.entries.find((entry) => entry.key === key);
  }

  remove(key: string): void {
    this.entries.splice(this.entries.findIndex((entry) => entry.key === key), 1);
  }
}

function assertEqual(tree: CountedBtree, model: SortedArray, prng: Prng, probes: string[]): void {
  tree.check();
  const counted = model.entries.filter((entry) => entry.counted);
  assert.equal(tree.size, model.entries.length);
  assert.equal(tree.countedSize, counted.length);
  assert.deepEqual(tree.slice(0, tree.size), model.entries.map((entry) => entry.handle));
  assert.deepEqual(tree.countedSlice(0, tree.size), counted.map((entry) => entry.handle));
  for (const key of probes) {
    assert.equal(tree.find(key), model.find(key)?.handle ?? 0);
    assert.equal(tree.rank(key), model.entries.filter((entry) => entry.key < key).length);
    assert.equal(tree.countedRank(key), counted.filter((entry) => entry.key < key).length);
  }
  const from = prng.between(0, tree.size);
  const to = prng.between(0, tree.size + 2);
  const handlesOf = (entries: { handle: number }[]) => entries.map((entry) => entry.handle);
  assert.deepEqual(tree.slice(from, to), handlesOf(model.entries.slice(from, Math.max(from, to))));
  assert.deepEqual(tree.countedSlice(from, to), handlesOf(counted.slice(from, Math.max(from, to))));
}

/** Short keys, keys with long common beginnings, and keys that differ by a zero byte only. */
function randomKey(prng: Prng, range: number): string {
  const number = prng.between(0, range);
  if (number % 7 === 0) return `k${"\0".repeat(number % 11)}`;
  if (number % 3 === 0) return `/a/long/common/beginning/${number}`;
  return `k${number}`;
}

Deno.test("CountedBtree agrees with a sorted array through random changes", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const prng = new Prng(seed);
    const model = new SortedArray();
    const tree = new CountedBtree(model);
    const range = prng.pick([20, 300, 2000]);
    let handle = 0;
    for (let step = 0; step < 600; step++) {
      // The tree first grows, then shrinks, so that nodes split and join.
      const growing = step < 350;
      const key = randomKey(prng, range);
      const entry = model.find(key);
      const choice = prng.fraction();
      if (entry === undefined) {
        if (growing || choice < 0.2) {
          model.add(key, ++handle);
          tree.insert(key, handle);
        }
      } else if (choice < (growing ? 0.2 : 0.7)) {
        assert.equal(tree.remove(key), entry.handle, `seed ${seed}`);
        model.remove(key);
      } else if (choice < 0.95) {
        entry.counted = !entry.counted;
        tree.setCounted(key, entry.counted);
      } else {
        const to = prng.chance(0.3) ? undefined : randomKey(prng, range);
        tree.uncountRange(key, to);
        for (const other of model.entries) {
          if (other.key >= key && (to === undefined || other.key < to)) other.counted = false;
        }
      }
      if (step % 50 === 0) {
        assertEqual(tree, model, prng, [randomKey(prng, range), randomKey(prng, range), "", "z"]);
      }
    }
    assertEqual(tree, model, prng, [randomKey(prng, range), "", "z"]);
    for (const { key } of model.entries) tree.remove(key);
    assert.equal(tree.size, 0);
    tree.check();
  }
});

Deno.test("CountedBtree counts right when keys come in order", () => {
  const model = new SortedArray();
  const tree = new CountedBtree(model);
  for (let i = 1; i <= 10_000; i++) {
    const key = String(i).padStart(6, "0");
    model.add(key, i);
    model.entries.length = 0;
    tree.insert(key, i);
  }
  tree.check();
  assert.equal(tree.countedRank("005001"), 5000);
  assert.deepEqual(tree.countedSlice(9_998, 20_000), [9_999, 10_000]);
});

/** A tree of keys that came in order, and the keys. */
function orderedTree(count: number): { tree: CountedBtree; keys: string[] } {
  const model = new SortedArray();
  const tree = new CountedBtree(model);
  const keys = Array.from({ length: count }, (_, i) => `/common/${String(i).padStart(6, "0")}`);
  keys.forEach((key, i) => {
    model.add(key, i + 1);
    model.entries.length = 0;
    tree.insert(key, i + 1);
  });
  return { tree, keys };
}

Deno.test("CountedBtree evens out full leaves next to leaves that run empty", () => {
  const { tree, keys } = orderedTree(12_000);
  // First every second thousand, so that narrow leaves have wide neighbours on both sides.
  for (const half of [0, 1]) {
    keys.forEach((key, i) => {
      if (Math.floor(i / 1_000) % 2 !== half) return;
      tree.remove(key);
      if (i % 100 === 7) tree.check();
    });
  }
  assert.equal(tree.size, 0);
});

Deno.test("CountedBtree evens out full branches next to branches that run empty", () => {
  // The first branch has the 32 leaves that a split left it, the second has nearly 64.
  const { tree, keys } = orderedTree(64 * (32 + 60));
  keys.forEach((key, i) => {
    tree.remove(key);
    if (i % 100 === 7) tree.check();
  });
  assert.equal(tree.size, 0);
});

Deno.test("CountedBtree.countedSlice() finds what counts behind many handles that do not", () => {
  const model = new SortedArray();
  const tree = new CountedBtree(model);
  for (let i = 1; i <= 5_000; i++) {
    const key = String(i).padStart(6, "0");
    model.add(key, i);
    model.entries.length = 0;
    tree.insert(key, i);
  }
  tree.uncountRange("000002", "004999");
  assert.equal(tree.countedSize, 3);
  assert.deepEqual(tree.countedSlice(0, 10), [1, 4_999, 5_000]);
  assert.deepEqual(tree.countedSlice(1, 2), [4_999]);
  tree.check();
});

Deno.test("CountedBtree.build() makes a tree that goes on like any other", () => {
  for (const count of [0, 1, 64, 65, 128, 4_096, 4_097, 9_000]) {
    const prng = new Prng(count);
    const model = new SortedArray();
    const tree = new CountedBtree(model);
    const keys = Array.from({ length: count }, (_, i) => `/common/${i}`).sort();
    keys.forEach((key, i) => {
      model.add(key, i + 1);
      model.entries.length = 0;
    });
    const handles = Int32Array.from(keys, (_, i) => i + 1);
    let slices = 0;
    for (const _ of tree.build(handles, (handle) => handle % 3 !== 0)) slices++;
    assert.equal(slices, Math.ceil(count / 64));
    for (let i = 0; i < count; i++) {
      model.entries.push({ key: keys[i], handle: i + 1, counted: (i + 1) % 3 !== 0 });
    }
    assertEqual(tree, model, prng, ["", "/common/5", "/common/77", "z"]);
    for (let i = 0; i < 300; i++) {
      const key = `/common/${prng.between(0, count + 100)}`;
      const entry = model.find(key);
      if (entry === undefined) {
        model.add(key, count + i + 1);
        tree.insert(key, count + i + 1);
      } else {
        assert.equal(tree.remove(key), entry.handle);
        model.remove(key);
      }
    }
    assertEqual(tree, model, prng, ["", "/common/5", "/common/77", "z"]);
  }
});

Deno.test("CountedBtree throws when a key to change is not there", () => {
  const model = new SortedArray();
  const tree = new CountedBtree(model);
  assert.throws(() => tree.remove("a"), /in the tree/);
  model.add("a", 1);
  tree.insert("a", 1);
  assert.throws(() => tree.setCounted("a", true), /counting changes/);
  assert.throws(() => tree.setCounted("b", true), /in the tree/);
});
