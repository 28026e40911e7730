import assert from "node:assert/strict";
import { familyName, metricNames } from "./metric_names.ts";

Deno.test("metricNames() finds what an expression reads, and nothing else", () => {
  const expression =
    `histogram_quantile(0.99, sum by (le, job) (rate(a_seconds_bucket{job=~"b_c"}[5m])))
    > bool 0.5 and d_bytes / (e_bytes > 0) < 100 * 1024 or count(up == 0)`;
  assert.deepEqual([...metricNames(expression)], ["a_seconds_bucket", "d_bytes", "e_bytes"]);
});

Deno.test("familyName() is what a histogram is announced by", () => {
  assert.equal(familyName("a_seconds_bucket"), "a_seconds");
  assert.equal(familyName("a_total"), "a_total");
});
