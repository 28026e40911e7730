import type { TargetName } from "../../tests/harness/targets.ts";
import { describeMachine, tableLines } from "./report.ts";
import { measureAll, type Measurement } from "./round.ts";
import { MEASUREMENTS } from "./rows.ts";
import { ServerRun } from "./server_run.ts";
import { chooseByRows, type Recorder, type Results, type Suite } from "./suite.ts";

/** Requests per second and their like, on a store that is nearly empty. */
export class StandardSuite implements Suite {
  readonly section = "bench";
  readonly #measurements: readonly Measurement<ServerRun>[];
  readonly #seconds: number;

  constructor(only: readonly string[], seconds: number) {
    this.#measurements = chooseByRows(MEASUREMENTS, only);
    this.#seconds = seconds;
  }

  async measureRound(target: TargetName, record: Recorder): Promise<void> {
    await measureAll(new ServerRun(target, this.#seconds), this.#measurements, record);
  }

  describe(rounds: number, versions: string): string {
    return `${describeMachine(versions)}; median (lowest - highest) of ${rounds} alternating ` +
      `rounds of ${this.#seconds} s a row; a ratio above 1 is in detcd's favour.`;
  }

  tableLines(results: Results): string[][] {
    return tableLines(this.#measurements.flatMap((measurement) => measurement.rows), results);
  }
}
