import { ServerProcess } from "../../tests/harness/server_process.ts";
import type { TargetName } from "../../tests/harness/targets.ts";
import { note, showProgress } from "./progress.ts";
import { describeMachine, tableLines } from "./report.ts";
import { type Measurement, MEASUREMENTS } from "./rows.ts";
import { chooseByRows, type Recorder, type Results, type Suite } from "./suite.ts";

/** Requests per second and their like, on a store that is nearly empty. */
export class StandardSuite implements Suite {
  readonly section = "bench";
  readonly #measurements: readonly Measurement[];
  readonly #seconds: number;

  constructor(only: readonly string[], seconds: number) {
    this.#measurements = chooseByRows(MEASUREMENTS, only);
    this.#seconds = seconds;
  }

  async measureRound(target: TargetName, record: Recorder): Promise<void> {
    let server: ServerProcess | undefined;
    try {
      for (const { rows, onServer, onFreshStart } of this.#measurements) {
        showProgress(`${target}: ${rows[0].title}`);
        let figures: number[] = [];
        if (onFreshStart !== undefined) figures = await onFreshStart(target);
        if (onServer !== undefined) {
          server ??= await ServerProcess.start(target);
          figures = await onServer(server, this.#seconds);
        }
        rows.forEach((row, i) => record(row, figures[i]));
      }
    } catch (error) {
      note(`${target} failed; its log ends:\n${server?.logTail() ?? ""}`);
      throw error;
    } finally {
      await server?.dispose();
    }
  }

  describe(rounds: number, versions: string): string {
    return `${describeMachine(versions)}; median (lowest - highest) of ${rounds} alternating ` +
      `rounds of ${this.#seconds} s a row; a ratio above 1 is in detcd's favour.`;
  }

  tableLines(results: Results): string[][] {
    return tableLines(this.#measurements.flatMap((measurement) => measurement.rows), results);
  }
}
