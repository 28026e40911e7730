import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { currentRevision } from "../request_rows.ts";
import { formatCount, formatFigure, percentile } from "../statistics.ts";
import type { LargeMeasurement, LargeRun } from "./large_run.ts";
import { overwrite } from "./load_rows.ts";
import { latencyMs, plannedWithin, type Sample } from "./open_loop.ts";
import { putDuring } from "./put_load.ts";
import { runUpkeep, type Span } from "./upkeep.ts";

/** Where Linux keeps files in memory. */
const MEMORY_DIRECTORY = "/dev/shm";
const PUTS_PER_SECOND = 2_000;
/** Puts alone before and behind the works: they show what the works add. */
const PAUSE_MS = 1_000;
/** The snapshot begins while the compaction is under way. */
const SNAPSHOT_DELAY_MS = 250;

/** Latency of puts at a fixed rate while everything that keeps a store in shape is under way. */
export function latencyMeasurement(keyCount: number): LargeMeasurement {
  const revisions = formatCount(keyCount / 2);
  const during = `compaction of ${revisions} revisions, snapshot, defragmentation`;
  const rate = `${formatCount(PUTS_PER_SECOND)} puts/s`;
  return {
    rows: [
      {
        id: "put-p999",
        title: `put p99.9 at ${rate} during ${during}`,
        unit: "ms",
        isRate: false,
        target: { atMost: 30, timesEtcd: 1 },
      },
      { id: "put-p50", title: "put p50, same time", unit: "ms", isRate: false },
      { id: "put-max", title: "slowest put, same time", unit: "ms", isRate: false },
      {
        id: "put-refused",
        title: "puts refused, same time",
        unit: "puts",
        isRate: false,
        target: { atMost: 0 },
      },
    ],
    measure: measureLatency,
  };
}

async function measureLatency(run: LargeRun): Promise<readonly (number | undefined)[]> {
  await overwrite(run, run.keys.count / 2);
  const revision = await currentRevision(run.server.clientPort);
  const load = {
    port: run.server.clientPort,
    keyCount: run.keys.count,
    perSecond: PUTS_PER_SECOND,
  };
  const { result: works, samples: all } = await putDuring(load, () => runWorks(run, revision));
  await checkApplied(run, revision, all);
  const spans = works.filter((span) => span !== undefined);
  noteSpans(run, spans, all);
  if (spans.length < works.length) return [undefined, undefined, undefined, undefined];
  const samples = plannedWithin(
    all,
    Math.min(...spans.map((span) => span.startMs)),
    Math.max(...spans.map((span) => span.endMs)),
  );
  const latencies = samples.map(latencyMs);
  return [
    percentile(latencies, 99.9),
    percentile(latencies, 50),
    percentile(latencies, 100),
    samples.filter((sample) => !sample.isAccepted).length,
  ];
}

/** A backup goes to another machine; what writing it costs must not keep the server's disk busy. */
function backupDirectory(scratchDir: string): string {
  return existsSync(MEMORY_DIRECTORY) ? MEMORY_DIRECTORY : scratchDir;
}

/** Compaction and snapshot side by side, then the defragmentation; checkpoints come by themselves. */
async function runWorks(run: LargeRun, revision: number): Promise<(Span | undefined)[]> {
  const { server } = run;
  const directory = mkdtempSync(join(backupDirectory(run.scratchDir), "bench-backup-"));
  const path = join(directory, "snapshot.db");
  await pause(PAUSE_MS);
  const compaction = runUpkeep(server, "compaction", ["compact", "--physical", String(revision)]);
  await pause(SNAPSHOT_DELAY_MS);
  const snapshot = runUpkeep(server, "snapshot", ["snapshot", "save", path]);
  const defragmentation = snapshot.then(() => runUpkeep(server, "defragmentation", ["defrag"]));
  const works = [compaction, snapshot, defragmentation];
  // When one fails, the others still have to end before their server goes away.
  await Promise.allSettled(works);
  const spans = await Promise.all(works);
  rmSync(directory, { recursive: true, force: true });
  await pause(PAUSE_MS);
  return spans;
}

/** Accepted puts must have been applied; refused ones may have been, when they came too late. */
async function checkApplied(
  run: LargeRun,
  revisionBefore: number,
  samples: readonly Sample[],
): Promise<void> {
  const applied = await currentRevision(run.server.clientPort) - revisionBefore;
  const accepted = samples.filter((sample) => sample.isAccepted).length;
  if (applied < accepted || applied > samples.length) {
    throw new Error(`${accepted} puts of ${samples.length} made ${applied} revisions`);
  }
}

/** Which of the works it was that held up puts, and how far the client itself was late. */
function noteSpans(run: LargeRun, spans: readonly Span[], samples: readonly Sample[]): void {
  for (const { name, startMs, endMs } of spans) {
    const latencies = plannedWithin(samples, startMs, endMs).map(latencyMs);
    run.note(
      `${name} took ${((endMs - startMs) / 1000).toFixed(2)} s; puts meanwhile: ` +
        percentilesText(latencies),
    );
  }
  run.note(`all puts: ${percentilesText(samples.map(latencyMs))}`);
  const lateness = samples.map(({ plannedMs, sentMs }) => sentMs - plannedMs);
  run.note(`the client sent late by: ${percentilesText(lateness)}`);
}

function percentilesText(values: readonly number[]): string {
  return [50, 99, 99.9, 100]
    .map((percent) => `p${percent} ${formatFigure(percentile(values, percent))} ms`)
    .join(", ");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
