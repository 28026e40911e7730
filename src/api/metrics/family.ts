import type { BucketCounts } from "../../base/bucket_counts.ts";
import { Gauge, type Registry } from "../../deps/prom_client.ts";
import { formatBound } from "./bound_text.ts";

/** Labels in the order of their names, which is the order in which they are printed. */
export type Labels = Readonly<Record<string, string>>;

/** One line of a metric as it is printed. */
interface MetricLine {
  /** What is behind the name of the metric: a histogram has lines of several names. */
  readonly suffix: "" | "_bucket" | "_sum" | "_count";
  readonly labels: Labels;
  readonly value: number;
}

/** A metric with all its lines, which are read when somebody scrapes. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly lines: () => Iterable<MetricLine>;
}

/** Values by their labels. */
export type LabelledValues = Iterable<readonly [Labels, number]>;

/** A number that goes up and down. */
export function gauge(name: string, help: string, read: () => number): MetricFamily {
  return gauges(name, help, () => [[{}, read()]]);
}

/** A number that only grows. */
export function counter(name: string, help: string, read: () => number): MetricFamily {
  return counters(name, help, () => [[{}, read()]]);
}

/** Numbers that go up and down. */
export function gauges(name: string, help: string, read: () => LabelledValues): MetricFamily {
  return { name, help, type: "gauge", lines: () => valueLines(read()) };
}

/** Numbers that only grow. */
export function counters(name: string, help: string, read: () => LabelledValues): MetricFamily {
  return { name, help, type: "counter", lines: () => valueLines(read()) };
}

/** What is always 1 and says something by its label. */
export function label(
  name: string,
  help: string,
  labelName: string,
  read: () => string,
): MetricFamily {
  return gauges(name, help, () => [[{ [labelName]: read() }, 1]]);
}

/** A number that not everybody may read: without it there is no line. */
export function optional(
  family: (name: string, help: string, read: () => LabelledValues) => MetricFamily,
  name: string,
  help: string,
  read: () => number | undefined,
): MetricFamily {
  return family(name, help, () => {
    const value = read();
    return value === undefined ? [] : [[{}, value]];
  });
}

/** A histogram of what was counted elsewhere. */
export function histogram(name: string, help: string, counts: BucketCounts): MetricFamily {
  return histograms(name, help, () => [[{}, counts]]);
}

/** Histograms by their labels. */
export function histograms(
  name: string,
  help: string,
  read: () => Iterable<readonly [Labels, BucketCounts]>,
): MetricFamily {
  return { name, help, type: "histogram", lines: () => histogramLines(read()) };
}

function* valueLines(values: LabelledValues): Iterable<MetricLine> {
  for (const [labels, value] of values) yield { suffix: "", labels, value };
}

function* histogramLines(
  histograms: Iterable<readonly [Labels, BucketCounts]>,
): Iterable<MetricLine> {
  for (const [labels, { bounds, counts, sum }] of histograms) {
    let below = 0;
    for (let i = 0; i < counts.length; i++) {
      below += counts[i];
      const le = i < bounds.length ? formatBound(bounds[i]) : "+Inf";
      yield { suffix: "_bucket", labels: { ...labels, le }, value: below };
    }
    yield { suffix: "_sum", labels, value: sum };
    yield { suffix: "_count", labels, value: below };
  }
}

/** Adds metrics to a registry, which prints them in the order of their names. */
export function registerFamilies(registry: Registry, families: readonly MetricFamily[]): void {
  for (const family of families.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    registry.registerMetric(new RegisteredFamily(family));
  }
}

/**
 * A metric as the library wants it, with somebody else's numbers. A gauge is the plainest of its
 * classes; what is printed as the type is the family's own.
 */
class RegisteredFamily extends Gauge {
  readonly #family: MetricFamily;

  constructor(family: MetricFamily) {
    super({ name: family.name, help: family.help, registers: [] });
    this.#family = family;
  }

  /** What the registry of this version of the library (pinned in src/deps) asks for the text. */
  getForPromString(): Promise<object> {
    const { name, help, type, lines } = this.#family;
    const values = Array.from(
      lines(),
      ({ suffix, labels, value }) => ({ metricName: name + suffix, labels, value }),
    );
    return Promise.resolve({ name, help, type, aggregator: "sum", values });
  }
}
