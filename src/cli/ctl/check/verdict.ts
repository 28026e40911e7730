import type { LoadResult } from "./load.ts";

/** Throughput must be nearer to what was asked for than this. */
const LEAST_SHARE = 0.9;
const SLOWEST_SECONDS = 0.5;
const MOST_DEVIATION_SECONDS = 0.1;

/** What is told of a run, and whether the server is good enough. */
interface Verdict {
  readonly lines: readonly string[];
  readonly passed: boolean;
}

/** Judges how a server bore a load of so many writes a second. */
export function perfVerdict(result: LoadResult, perSecond: number): Verdict {
  const judgements = [
    ...errorJudgements(result),
    throughputJudgement(result, perSecond),
    slowestJudgement(result),
    deviationJudgement(result),
  ];
  const passed = judgements.every(({ passed }) => passed);
  return { lines: [...judgements.map(({ line }) => line), passed ? "PASS" : "FAIL"], passed };
}

/** The errors of a run, a line each; none if there were none. */
export function errorLines({ errors }: LoadResult): string[] {
  if (errors.size === 0) return [];
  const lines = Array.from(errors, ([text, count]) => `FAIL: ERROR(${text}) -> ${count}`);
  return ["FAIL: too many errors", ...lines];
}

interface Judgement {
  readonly line: string;
  readonly passed: boolean;
}

function errorJudgements(result: LoadResult): Judgement[] {
  return errorLines(result).map((line) => ({ line, passed: false }));
}

function throughputJudgement({ latencies, totalSeconds }: LoadResult, asked: number): Judgement {
  const perSecond = latencies.length / totalSeconds;
  const shown = `${Math.trunc(perSecond) + 1} writes/s`;
  const passed = perSecond / asked > LEAST_SHARE;
  const line = passed ? `PASS: Throughput is ${shown}` : `FAIL: Throughput too low: ${shown}`;
  return { line, passed };
}

function slowestJudgement({ latencies }: LoadResult): Judgement {
  const slowest = latencies.reduce((most, latency) => Math.max(most, latency), 0);
  const shown = `${slowest.toFixed(6)}s`;
  const passed = slowest <= SLOWEST_SECONDS;
  const text = passed ? "PASS: Slowest request took" : "Slowest request took too long:";
  return { line: `${text} ${shown}`, passed };
}

function deviationJudgement({ latencies }: LoadResult): Judgement {
  const deviation = standardDeviation(latencies);
  const passed = !(deviation > MOST_DEVIATION_SECONDS);
  // Where nothing succeeded there is none, which Go calls not a number.
  const shown = Number.isNaN(deviation) ? "NaNs" : `${deviation.toFixed(6)}s`;
  return { line: `${passed ? "PASS: Stddev is" : "Stddev too high:"} ${shown}`, passed };
}

function standardDeviation(values: readonly number[]): number {
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return Math.sqrt(squares / values.length);
}
