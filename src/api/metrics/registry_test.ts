import assert from "node:assert/strict";
import { BucketCounts } from "../../base/bucket_counts.ts";
import { Registry } from "../../deps/prom_client.ts";
import { registerBuckets } from "./counted_histogram.ts";
import { registerLabel } from "./label_gauge.ts";
import { counter, gauge, registerValue } from "./read_value.ts";

Deno.test("registerBuckets() prints a histogram with cumulative buckets", async () => {
  const registry = new Registry();
  const counts = new BucketCounts([0.5, 1]);
  registerBuckets(registry, "h", "A histogram.", counts);
  for (const value of [0.25, 0.5, 0.75, 4]) counts.add(value);
  assert.equal(
    await registry.metrics(),
    "# HELP h A histogram.\n# TYPE h histogram\n" +
      'h_bucket{le="0.5"} 2\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 4\nh_sum 5.5\nh_count 4\n',
  );
});

Deno.test("registerValue() and registerLabel() read when they are scraped", async () => {
  const registry = new Registry();
  let value = 1;
  registerValue(registry, gauge("g", "A gauge.", () => value));
  registerValue(registry, counter("c", "A counter.", () => value));
  registerLabel(registry, "l", "A label.", "name", () => `v${value}`);
  assert.match(await registry.metrics(), /^g 1$[^]*^c 1$[^]*^l\{name="v1"\} 1$/m);
  value = 2;
  const text = await registry.metrics();
  assert.match(text, /^g 2$[^]*^c 2$[^]*^l\{name="v2"\} 1$/m);
  assert.doesNotMatch(text, /v1/);
});
