import type { TargetName } from "../../tests/harness/targets.ts";
import { note, showProgress } from "./progress.ts";
import type { Recorder, Row } from "./suite.ts";

/** One target in one round: the server that all measurements of a suite are made on. */
export interface Run {
  readonly target: TargetName;
  /** What the server logged last. */
  logTail(): string;
  /** Stops the server, and leaves no files behind. */
  end(): Promise<void>;
}

/** A figure for each of some rows, or undefined for what the server does not have yet. */
export interface Measurement<R extends Run, RowKind extends Row = Row> {
  /** None for what only prepares the measurements behind it. */
  readonly rows: readonly RowKind[];
  readonly measure: (run: R) => Promise<readonly (number | undefined)[]>;
}

/** Makes the measurements of a suite in their order, and ends the run. */
export async function measureAll<R extends Run>(
  run: R,
  measurements: readonly Measurement<R>[],
  record: Recorder,
): Promise<void> {
  try {
    for (const { rows, measure } of measurements) {
      showProgress(`${run.target}: ${rows.at(0)?.title ?? "preparing"}`);
      const figures = await measure(run);
      rows.forEach((row, i) => record(row, figures[i]));
    }
  } catch (error) {
    note(`${run.target} failed; its log ends:\n${run.logTail()}`);
    throw error;
  } finally {
    await run.end();
  }
}
