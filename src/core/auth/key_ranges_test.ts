import assert from "node:assert/strict";
import { Permission } from "../../pb/authpb.ts";
import { Prng } from "../../base/prng.ts";
import { coverTogether, isGrantable, KeyRanges } from "./key_ranges.ts";
import { inKeyOrder } from "./permission_order.ts";

/** Says of several sets what they cover together. */
class Cover {
  readonly #sets: readonly KeyRanges[];

  constructor(...sets: readonly KeyRanges[]) {
    this.#sets = sets;
  }

  covers(key: string, rangeEnd: string): boolean {
    return coverTogether(this.#sets, key, rangeEnd);
  }
}

type Grant = readonly [key: string, rangeEnd: string];

function permissionsOf(granted: readonly Grant[]): readonly Permission[] {
  return inKeyOrder(granted.map(([key, rangeEnd]) => Permission.create({ key, rangeEnd })));
}

function ranges(...granted: readonly Grant[]): Cover {
  return new Cover(KeyRanges.of(permissionsOf(granted)));
}

Deno.test("KeyRanges without permissions covers nothing", () => {
  const none = ranges();
  assert.ok(!none.covers("a", ""));
  assert.ok(!none.covers("\0", "\0"));
});

Deno.test("KeyRanges covers what neighbours cover together", () => {
  const set = ranges(["c", "e"], ["a", "c"], ["e", ""], ["g", "h"]);
  assert.ok(set.covers("a", "e"));
  assert.ok(set.covers("b", "e\0"));
  assert.ok(!set.covers("b", "e\0\0"));
  assert.ok(!set.covers("b", "h"));
  assert.ok(set.covers("g", "h"));
});

Deno.test("KeyRanges lets the longer of two ranges from the same key count, in either order", () => {
  for (const set of [ranges(["a", "z"], ["a", "b"]), ranges(["a", "b"], ["a", "z"])]) {
    assert.ok(set.covers("a", "z"));
    assert.ok(!set.covers("a", "\0"));
  }
});

Deno.test("KeyRanges lets nothing follow an open range", () => {
  const set = ranges(["m", "\0"], ["x", "z"], ["n", ""], ["a", ""]);
  assert.ok(set.covers("m", "\0"));
  assert.ok(set.covers("z", "\0"));
  assert.ok(set.covers("a", ""));
  assert.ok(!set.covers("l", ""));
});

Deno.test("KeyRanges takes a range that ends before it begins for its first key", () => {
  const set = ranges(["b", "d"]);
  assert.ok(set.covers("c", "a"));
  assert.ok(!set.covers("d", "a"));
});

Deno.test("KeyRanges passes over what old versions let be granted", () => {
  const set = ranges(["", ""], ["", "\0"], ["z", "a"]);
  assert.ok(!set.covers("\0", ""));
  assert.ok(!set.covers("z", ""));
});

Deno.test("coverTogether() goes from set to set where neither covers all", () => {
  const set = new Cover(
    KeyRanges.of(permissionsOf([["a", "c"], ["d", "f"], ["x", "\0"]])),
    KeyRanges.of(permissionsOf([["b", "d"], ["f", "g"]])),
  );
  assert.ok(set.covers("a", "g"));
  assert.ok(set.covers("c", ""));
  assert.ok(!set.covers("a", "g\0"));
  assert.ok(!set.covers("a", "\0"));
  assert.ok(set.covers("x", "\0"));
  assert.ok(!new Cover().covers("a", ""));
});

Deno.test("KeyRanges.changed() comes to the same as to begin anew, whatever changes", () => {
  const prng = new Prng(11);
  const keys = ["", "\0", "a", "a\0", "b", "b\0", "c", "d", "e", "f", "g"];
  for (let run = 0; run < 300; run++) {
    let granted: Grant[] = [];
    let set = KeyRanges.of([]);
    for (let step = 0; step < 30; step++) {
      const grant: Grant = [prng.pick(keys), prng.pick(keys)];
      if (prng.chance(0.6)) granted.push(grant);
      else granted = granted.filter(([key, end]) => key !== grant[0] || end !== grant[1]);
      const permissions = permissionsOf(granted);
      set = set.changed(permissions, ...grant);
      const [changed, anew] = [new Cover(set), new Cover(KeyRanges.of(permissions))];
      for (const key of keys) {
        for (const end of keys) {
          assert.equal(
            changed.covers(key, end),
            anew.covers(key, end),
            `run ${run}: ${key} ${end}`,
          );
        }
      }
    }
  }
});

Deno.test("isGrantable() asks for a key, and for an end behind it", () => {
  const good = [["a", ""], ["a", "b"], ["a", "\0"], ["\0", "\0"], ["a", "a\0"]];
  const bad = [["", ""], ["", "\0"], ["", "b"], ["b", "a"], ["b", "b"]];
  for (const [key, end] of good) assert.ok(isGrantable(key, end), `${key} ${end}`);
  for (const [key, end] of bad) assert.ok(!isGrantable(key, end), `${key} ${end}`);
});
