import assert from "node:assert/strict";
import { Permission } from "../../pb/authpb.ts";
import { isGrantable, KeyRanges } from "./key_ranges.ts";

function ranges(...granted: (readonly [string, string])[]): KeyRanges {
  return new KeyRanges(granted.map(([key, rangeEnd]) => Permission.create({ key, rangeEnd })));
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

Deno.test("isGrantable() asks for a key, and for an end behind it", () => {
  const good = [["a", ""], ["a", "b"], ["a", "\0"], ["\0", "\0"], ["a", "a\0"]];
  const bad = [["", ""], ["", "\0"], ["", "b"], ["b", "a"], ["b", "b"]];
  for (const [key, end] of good) assert.ok(isGrantable(key, end), `${key} ${end}`);
  for (const [key, end] of bad) assert.ok(!isGrantable(key, end), `${key} ${end}`);
});
