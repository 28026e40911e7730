import assert from "node:assert/strict";
import { type LoadResult } from "./load.ts";
import { errorLines, perfVerdict } from "./verdict.ts";

function result(latencies: number[], errors: [string, number][] = []): LoadResult {
  return { latencies, errors: new Map(errors), totalSeconds: 2 };
}

Deno.test("perfVerdict() passes a server that is as fast as asked for", () => {
  const { lines, passed } = perfVerdict(result(new Array(300).fill(0.002)), 150);
  assert.ok(passed);
  assert.deepEqual(lines, [
    "PASS: Throughput is 151 writes/s",
    "PASS: Slowest request took 0.002000s",
    "PASS: Stddev is 0.000000s",
    "PASS",
  ]);
});

Deno.test("perfVerdict() fails a server that is slow or fails", () => {
  const { lines, passed } = perfVerdict(result([0.1, 0.9], [["no space", 3]]), 150);
  assert.ok(!passed);
  assert.deepEqual(lines, [
    "FAIL: too many errors",
    "FAIL: ERROR(no space) -> 3",
    "FAIL: Throughput too low: 2 writes/s",
    "Slowest request took too long: 0.900000s",
    "Stddev too high: 0.400000s",
    "FAIL",
  ]);
  const { lines: nothing } = perfVerdict(result([]), 150);
  assert.deepEqual(nothing.slice(1), [
    "PASS: Slowest request took 0.000000s",
    "PASS: Stddev is NaNs",
    "FAIL",
  ]);
});

Deno.test("errorLines() says nothing when there were no errors", () => {
  assert.deepEqual(errorLines(result([1])), []);
});
