/** One metric as a server printed it. */
export interface PrintedFamily {
  readonly type: string;
  readonly samples: readonly PrintedSample[];
}

/** One line of it. */
export interface PrintedSample {
  /** The family's name, and for histograms what is behind it. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const SAMPLE_LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

/** Reads Prometheus' text format; throws on a line that is not in it. */
export function parsePrometheusText(text: string): Map<string, PrintedFamily> {
  const families = new Map<string, { type: string; samples: PrintedSample[] }>();
  let current: PrintedSample[] | undefined;
  for (const line of text.split("\n")) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (type !== undefined) {
      if (families.has(name)) throw new Error(`a second metric of the name ${name}`);
      current = [];
      families.set(name, { type, samples: current });
    } else if (line !== "" && !line.startsWith("#")) {
      if (current === undefined) throw new Error(`a sample before any type: ${line}`);
      current.push(parseSample(line));
    }
  }
  return families;
}

function parseSample(line: string): PrintedSample {
  const match = SAMPLE_LINE.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, name, labelText = "", valueText] = match;
  const labels = new Map<string, string>();
  for (const [, label, value] of labelText.matchAll(LABEL)) labels.set(label, value);
  const value = valueText === "+Inf" ? Infinity : Number(valueText);
  if (Number.isNaN(value) && valueText !== "NaN") throw new Error(`not a number: ${line}`);
  return { name, labels, value };
}

/** The sum of the samples of a name that have all of these labels. */
export function sumOf(
  families: ReadonlyMap<string, PrintedFamily>,
  sampleName: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const { samples } of families.values()) {
    for (const sample of samples) {
      const fits = sample.name === sampleName &&
        Object.entries(labels).every(([name, value]) => sample.labels.get(name) === value);
      if (fits) sum += sample.value;
    }
  }
  return sum;
}
