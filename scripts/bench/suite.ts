import type { TargetName } from "../../tests/harness/targets.ts";

/** One figure of a table. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Whether more is better; times and sizes are better small. */
  readonly isRate: boolean;
}

/** Every figure of every round, by row and target. */
export type Results = ReadonlyMap<string, ReadonlyMap<TargetName, readonly number[]>>;

/** Takes down a figure; undefined where the server lacks what the row measures. */
export type Recorder = (row: Row, figure: number | undefined) => void;

/** A table of rows that are measured together, on one fresh server a round. */
export interface Suite {
  /** The name of the markers around its table in a Markdown page. */
  readonly section: string;
  measureRound(target: TargetName, record: Recorder): Promise<void>;
  /** How the figures came to be, in one sentence. */
  describe(rounds: number, versions: string): string;
  /** The table's lines, head first. */
  tableLines(results: Results): string[][];
}

/** The things that yield a wanted row; all of them when no row is named. */
export function chooseByRows<T extends { readonly rows: readonly Row[] }>(
  all: readonly T[],
  only: readonly string[],
): T[] {
  const known = all.flatMap((each) => each.rows.map((row) => row.id));
  const unknown = only.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    throw new Error(`--only ${unknown.join(",")}: rows are ${known.join(", ")}`);
  }
  if (only.length === 0) return [...all];
  return all.filter((each) => each.rows.some((row) => only.includes(row.id)));
}
