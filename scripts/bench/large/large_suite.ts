import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { ServerProcess } from "../../../tests/harness/server_process.ts";
import type { TargetName } from "../../../tests/harness/targets.ts";
import { describeMachine, figuresCell, figuresOf, ratioCell } from "../report.ts";
import { measureAll } from "../round.ts";
import { formatCount, formatFigure, median } from "../statistics.ts";
import { chooseByRows, type Recorder, type Results, type Suite } from "../suite.ts";
import { KEY_BYTES, type KeyOrder, KeySpace, VALUE_BYTES } from "./key_space.ts";
import { type LargeMeasurement, type LargeRow, LargeRun } from "./large_run.ts";
import { latencyMeasurement } from "./latency_rows.ts";
import { loadMeasurement } from "./load_rows.ts";
import { COUNT_MEASUREMENT, LIMIT_MEASUREMENT, valuesMeasurement } from "./range_rows.ts";
import { RESTART_MEASUREMENT } from "./restart_row.ts";
import { SNAPSHOT_MEASUREMENT } from "./snapshot_row.ts";
import { targetText, verdict } from "./target.ts";

const COLUMNS = ["what", "unit", "etcd", "detcd", "detcd / etcd", "target", "reached"];
const NOT_AVAILABLE = "not available";
/** statfs's name for a file system in memory. */
const TMPFS_MAGIC = 0x0102_1994;

/** What a store with many keys does: one load, and everything else on its result. */
export class LargeSuite implements Suite {
  readonly section = "bench-large";
  readonly #keys: KeySpace;
  readonly #measurements: readonly LargeMeasurement[];

  constructor(only: readonly string[], keyCount: number, order: KeyOrder) {
    this.#keys = new KeySpace(keyCount, order);
    const load = loadMeasurement(keyCount);
    const all = [
      load,
      COUNT_MEASUREMENT,
      LIMIT_MEASUREMENT,
      valuesMeasurement(this.#keys.namespaceKeys),
      SNAPSHOT_MEASUREMENT,
      RESTART_MEASUREMENT,
      latencyMeasurement(keyCount),
    ];
    const chosen = chooseByRows(all, only);
    // Nothing can be measured without the keys.
    this.#measurements = chosen.includes(load) ? chosen : [load, ...chosen];
  }

  async measureRound(target: TargetName, record: Recorder): Promise<void> {
    refuseMemoryDisk();
    const run = new LargeRun(await ServerProcess.start(target), this.#keys);
    await measureAll(run, this.#measurements, (row, figure) => {
      record(row, figure);
      const text = figure === undefined ? NOT_AVAILABLE : `${formatFigure(figure)} ${row.unit}`;
      run.note(`${row.title}: ${text}`);
    });
  }

  describe(rounds: number, versions: string): string {
    return `${describeMachine(versions)}; ${formatCount(this.#keys.count)} keys of ${KEY_BYTES} ` +
      `bytes with values of ${VALUE_BYTES}, loaded in ${this.#keys.order} order; median ` +
      `(lowest - highest) of ${rounds} alternating rounds; everything here is better small.`;
  }

  tableLines(results: Results): string[][] {
    const rows = this.#measurements.flatMap((measurement) => measurement.rows);
    return [COLUMNS, ...rows.map((row) => largeTableLine(row, results))];
  }
}

/** A row of the large table; a target that ran and had no figure says so. */
export function largeTableLine(row: LargeRow, results: Results): string[] {
  const [etcd, detcd] = [figuresOf(results, row, "etcd"), figuresOf(results, row, "detcd")];
  return [
    row.title,
    row.unit,
    availabilityCell(row, "etcd", results),
    availabilityCell(row, "detcd", results),
    ratioCell(median(detcd) / median(etcd)),
    targetText(row.target, row.unit),
    verdict(row.target, etcd, detcd),
  ];
}

function availabilityCell(row: LargeRow, target: TargetName, results: Results): string {
  const figures = results.get(row.id)?.get(target);
  return figures?.length === 0 ? NOT_AVAILABLE : figuresCell(figures ?? []);
}

/** A disk in memory would make every sync free and count no byte written. */
function refuseMemoryDisk(): void {
  if (statfsSync(tmpdir()).type === TMPFS_MAGIC) {
    throw new Error(`${tmpdir()} is in memory: set TMPDIR to a folder on a real disk`);
  }
}
