import type { BucketCounts } from "../../base/bucket_counts.ts";
import { Histogram, type Registry } from "../../deps/prom_client.ts";

/** Adds a histogram whose values were counted elsewhere. */
export function registerBuckets(
  registry: Registry,
  name: string,
  help: string,
  counts: BucketCounts,
): void {
  registry.registerMetric(new CountedHistogram(name, help, counts));
}

/** One line of a histogram as the library prints it. */
interface HistogramLine {
  readonly metricName: string;
  readonly labels: { readonly le?: number | string };
  readonly value: number;
}

/** The library's histogram with somebody else's counts. */
class CountedHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #counts: BucketCounts;

  constructor(name: string, help: string, counts: BucketCounts) {
    super({ name, help, buckets: [...counts.bounds], registers: [] });
    this.#name = name;
    this.#help = help;
    this.#counts = counts;
  }

  /** What the registry of this version of the library (pinned in src/deps) asks for the text. */
  getForPromString(): Promise<object> {
    const [name, help] = [this.#name, this.#help];
    const values = this.#lines();
    return Promise.resolve({ name, help, type: "histogram", aggregator: "sum", values });
  }

  #lines(): HistogramLine[] {
    const { bounds, counts, sum } = this.#counts;
    let below = 0;
    const buckets = counts.map((count, i) => {
      below += count;
      const labels = { le: i < bounds.length ? bounds[i] : "+Inf" };
      return { metricName: `${this.#name}_bucket`, labels, value: below };
    });
    return [
      ...buckets,
      { metricName: `${this.#name}_sum`, labels: {}, value: sum },
      { metricName: `${this.#name}_count`, labels: {}, value: below },
    ];
  }
}
