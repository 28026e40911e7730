import assert from "node:assert/strict";
import { BucketCounts } from "../../base/bucket_counts.ts";
import { systemClock } from "../../base/clock.ts";
import { Registry } from "../../deps/prom_client.ts";
import { formatBound } from "./bound_text.ts";
import {
  counter,
  counters,
  gauge,
  gauges,
  histogram,
  histograms,
  label,
  type MetricFamily,
  optional,
  registerFamilies,
} from "./family.ts";
import { printMetrics } from "./printed_metrics.ts";

function textOf(...families: MetricFamily[]): Promise<string> {
  const registry = new Registry();
  registerFamilies(registry, families);
  return printMetrics(registry, systemClock);
}

Deno.test("histogram() prints cumulative buckets", async () => {
  const counts = new BucketCounts([0.5, 1]);
  for (const value of [0.25, 0.5, 0.75, 4]) counts.add(value);
  assert.equal(
    await textOf(histogram("h", "A histogram.", counts)),
    "# HELP h A histogram.\n# TYPE h histogram\n" +
      'h_bucket{le="0.5"} 2\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 4\nh_sum 5.5\nh_count 4\n',
  );
});

Deno.test("histograms() prints the bound of a bucket behind the other labels", async () => {
  const counts = new BucketCounts([1]);
  counts.addMany(2, 3);
  assert.equal(
    await textOf(histograms("h", "Histograms.", () => [[{ op: "Put" }, counts]])),
    "# HELP h Histograms.\n# TYPE h histogram\n" +
      'h_bucket{op="Put",le="1"} 0\nh_bucket{op="Put",le="+Inf"} 3\n' +
      'h_sum{op="Put"} 6\nh_count{op="Put"} 3\n',
  );
});

Deno.test("gauge(), counter() and label() are read when they are scraped", async () => {
  const registry = new Registry();
  let value = 1;
  registerFamilies(registry, [
    gauge("g", "A gauge.", () => value),
    counter("c", "A counter.", () => value),
    label("l", "A label.", "name", () => `v${value}`),
  ]);
  assert.match(await printMetrics(registry, systemClock), /^c 1$[^]*^g 1$[^]*^l\{name="v1"\} 1$/m);
  value = 2;
  const text = await printMetrics(registry, systemClock);
  assert.match(text, /^# TYPE c counter\nc 2$[^]*^# TYPE g gauge\ng 2$[^]*^l\{name="v2"\} 1$/m);
  assert.doesNotMatch(text, /v1/);
});

Deno.test("gauges() and counters() print a line for each set of labels", async () => {
  assert.equal(
    await textOf(
      gauges("g", "Gauges.", () => [[{ a: "1", b: "x" }, 3], [{ a: "2", b: "y" }, 4]]),
      counters("c", "Counters.", () => []),
    ),
    "# HELP c Counters.\n# TYPE c counter\n" +
      '# HELP g Gauges.\n# TYPE g gauge\ng{a="1",b="x"} 3\ng{a="2",b="y"} 4\n',
  );
});

Deno.test("optional() prints no value that cannot be read", async () => {
  assert.doesNotMatch(await textOf(optional(gauges, "g", "A gauge.", () => undefined)), /^g/m);
  assert.match(await textOf(optional(counters, "c", "A counter.", () => 5)), /^c 5$/m);
});

Deno.test("formatBound() writes numbers as Go does", () => {
  const bounds = [0.0001, 0.001, 1.024, 100, 524288, 1048576, 8388608, 1e7];
  assert.deepEqual(bounds.map(formatBound), [
    "0.0001",
    "0.001",
    "1.024",
    "100",
    "524288",
    "1.048576e+06",
    "8.388608e+06",
    "1e+07",
  ]);
});
