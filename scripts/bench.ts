/**
 * Measures detcd beside real etcd: the same requests, on the same machine, in alternating rounds.
 * Each round starts both servers fresh, with default settings and durable.
 *
 *     deno task bench [--only put-50x10,get-50x10] [--rounds 5] [--duration 3]
 *                     [--target etcd] [--markdown docs/PERFORMANCE.md]
 */

import { parseArgs } from "node:util";
import { findProgram } from "../tests/harness/programs.ts";
import { ServerProcess } from "../tests/harness/server_process.ts";
import { TARGET_NAMES, type TargetName, whyMissing } from "../tests/harness/targets.ts";
import { describeRun, renderText, tableLines, writeMarkdown } from "./bench/report.ts";
import { type Measurement, MEASUREMENTS } from "./bench/rows.ts";

interface Options {
  readonly only: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly targets: readonly TargetName[];
  readonly markdown: string | undefined;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", default: "" },
      rounds: { type: "string", default: "5" },
      duration: { type: "string", default: "3" },
      target: { type: "string", default: TARGET_NAMES.join(",") },
      markdown: { type: "string" },
    },
  });
  const chosenTargets = values.target.split(",");
  return {
    only: values.only.split(",").filter((id) => id !== ""),
    rounds: positive("rounds", values.rounds),
    seconds: positive("duration", values.duration),
    targets: TARGET_NAMES.filter((name) => chosenTargets.includes(name)),
    markdown: values.markdown,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} takes a number above 0, not ${text}`);
  return value;
}

/** The measurements that yield a wanted row; all of them when none is named. */
function chooseMeasurements(only: readonly string[]): Measurement[] {
  const known = MEASUREMENTS.flatMap((measurement) => measurement.rows.map((row) => row.id));
  const unknown = only.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    throw new Error(`--only ${unknown.join(",")}: rows are ${known.join(", ")}`);
  }
  if (only.length === 0) return [...MEASUREMENTS];
  return MEASUREMENTS.filter((each) => each.rows.some((row) => only.includes(row.id)));
}

function showProgress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

async function measureRound(
  target: TargetName,
  measurements: readonly Measurement[],
  seconds: number,
  record: (rowId: string, figure: number) => void,
): Promise<void> {
  let server: ServerProcess | undefined;
  try {
    for (const { rows, onServer, onFreshStart } of measurements) {
      showProgress(`${target}: ${rows[0].title}`);
      let figures: number[] = [];
      if (onFreshStart !== undefined) figures = await onFreshStart(target);
      if (onServer !== undefined) {
        server ??= await ServerProcess.start(target);
        figures = await onServer(server, seconds);
      }
      rows.forEach((row, i) => record(row.id, figures[i]));
    }
  } catch (error) {
    console.error(`\n${target} failed; its log ends:\n${server?.logTail() ?? ""}`);
    throw error;
  } finally {
    await server?.dispose();
  }
}

async function versionOf(target: TargetName): Promise<string> {
  if (target === "detcd") return `detcd on Deno ${Deno.version.deno}`;
  const { stdout } = await new Deno.Command(findProgram("etcd") ?? "etcd", {
    args: ["--version"],
  }).output();
  const match = /etcd Version: (\S+)/.exec(new TextDecoder().decode(stdout));
  return `etcd ${match?.[1] ?? "of unknown version"}`;
}

async function main(): Promise<void> {
  if (Deno.build.os !== "linux") {
    console.log("not available: the bench reads /proc, so it runs on Linux only");
    return;
  }
  const options = readOptions(Deno.args);
  const measurements = chooseMeasurements(options.only);
  const targets: TargetName[] = [];
  for (const target of options.targets) {
    const reason = whyMissing(target);
    if (reason === undefined) targets.push(target);
    else console.log(`left out: ${target} (${reason})`);
  }
  const results = new Map<string, Map<TargetName, number[]>>();
  for (let round = 1; round <= options.rounds; round++) {
    // Who goes first changes, so that a machine that slows down favours neither.
    const order = round % 2 === 1 ? targets : targets.toReversed();
    for (const target of order) {
      await measureRound(target, measurements, options.seconds, (rowId, figure) => {
        const ofRow = results.get(rowId) ?? new Map<TargetName, number[]>();
        results.set(rowId, ofRow.set(target, [...ofRow.get(target) ?? [], figure]));
      });
    }
    showProgress(`round ${round} of ${options.rounds} done\n`);
  }
  const rows = measurements.flatMap((measurement) => measurement.rows);
  const lines = tableLines(rows, results);
  const versions = await Promise.all(targets.map(versionOf));
  const description = describeRun(options.rounds, options.seconds, versions.join(", "));
  console.log(`\n${renderText(lines)}\n\n${description}`);
  if (options.markdown !== undefined) writeMarkdown(options.markdown, description, lines);
}

if (import.meta.main) await main();
