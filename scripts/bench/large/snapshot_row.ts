import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { KEY_BYTES, VALUE_BYTES } from "./key_space.ts";
import type { LargeMeasurement, LargeRun } from "./large_run.ts";
import { runUpkeep } from "./upkeep.ts";

/** `etcdctl snapshot save` of either server, its file synced included. */
export const SNAPSHOT_MEASUREMENT: LargeMeasurement = {
  rows: [{
    id: "snapshot",
    title: "snapshot save, by etcdctl",
    unit: "s",
    isRate: false,
    target: { timesEtcd: 1 },
  }],
  measure: async (run) => [await measureSnapshot(run)],
};

async function measureSnapshot(run: LargeRun): Promise<number | undefined> {
  const { server, keys, scratchDir } = run;
  const path = join(scratchDir, "snapshot.db");
  const span = await runUpkeep(server, "snapshot", ["snapshot", "save", path]);
  if (span === undefined) return undefined;
  const { size } = statSync(path);
  rmSync(path);
  run.note(`the snapshot has ${(size / 1e6).toFixed(0)} MB`);
  if (size < keys.count * (KEY_BYTES + VALUE_BYTES)) {
    throw new Error(`a snapshot of ${size} bytes cannot hold all keys`);
  }
  return (span.endMs - span.startMs) / 1000;
}
