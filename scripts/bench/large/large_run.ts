import type { ServerProcess } from "../../../tests/harness/server_process.ts";
import type { Row } from "../suite.ts";
import type { KeySpace } from "./key_space.ts";
import type { Target } from "./target.ts";

/** What the measurements of one round on one server share. */
export interface LargeRun {
  readonly server: ServerProcess;
  readonly keys: KeySpace;
  /** A folder on the disk of the data directory, for what a measurement writes itself. */
  readonly scratchDir: string;
  /** Tells what explains a figure and is not part of the table. */
  readonly note: (text: string) => void;
}

/** A row that has something to reach. */
export interface LargeRow extends Row {
  readonly isRate: false;
  readonly target?: Target;
}

/** Yields a figure for each of its rows, or undefined for what the server does not have yet. */
export interface LargeMeasurement {
  readonly rows: readonly LargeRow[];
  readonly measure: (run: LargeRun) => Promise<readonly (number | undefined)[]>;
}
