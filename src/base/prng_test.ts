import assert from "node:assert/strict";
import { Prng } from "./prng.ts";

Deno.test("Prng gives the same sequence for the same seed", () => {
  const [a, b] = [new Prng(7), new Prng(7)];
  for (let i = 0; i < 100; i++) assert.equal(a.uint32(), b.uint32());
});

Deno.test("Prng gives close seeds sequences that have nothing in common", () => {
  const draws = Array.from({ length: 1000 }, (_, seed) => {
    const prng = new Prng(seed);
    return Array.from({ length: 8 }, () => prng.fraction());
  });
  for (let position = 0; position < 8; position++) {
    const column = draws.map((sequence) => sequence[position]);
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    assert.ok(Math.abs(mean - 0.5) < 0.05, `mean ${mean} at draw ${position}`);
    // Neighbours of a fair sequence differ by a third on average; of a bad one by next to nothing.
    const steps = column.slice(1).map((value, i) => Math.abs(value - column[i]));
    const step = steps.reduce((sum, value) => sum + value, 0) / steps.length;
    assert.ok(Math.abs(step - 1 / 3) < 0.04, `mean step ${step} at draw ${position}`);
  }
});

Deno.test("Prng.between() reaches both ends and nothing beyond", () => {
  const prng = new Prng(1);
  const seen = new Set(Array.from({ length: 1000 }, () => prng.between(3, 7)));
  assert.deepEqual([...seen].sort(), [3, 4, 5, 6, 7]);
});
