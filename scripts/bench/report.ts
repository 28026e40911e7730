import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { TargetName } from "../../tests/harness/targets.ts";
import type { Row } from "./rows.ts";
import { formatFigure, median } from "./statistics.ts";

/** Every figure of every round, by row and target. */
export type Results = ReadonlyMap<string, ReadonlyMap<TargetName, readonly number[]>>;

const BEGIN_MARKER = "<!-- bench:begin -->";
const END_MARKER = "<!-- bench:end -->";

const COLUMNS = ["what", "unit", "etcd", "detcd", "ratio"] as const;

/** The table's lines, head first: medians with the range of the rounds, and detcd over etcd. */
export function tableLines(rows: readonly Row[], results: Results): string[][] {
  return [[...COLUMNS], ...rows.map((row) => tableLine(row, results))];
}

function tableLine(row: Row, results: Results): string[] {
  const etcd = results.get(row.id)?.get("etcd") ?? [];
  const detcd = results.get(row.id)?.get("detcd") ?? [];
  // A ratio above 1 is always in detcd's favour.
  const ratio = row.isRate ? median(detcd) / median(etcd) : median(etcd) / median(detcd);
  return [row.title, row.unit, cell(etcd), cell(detcd), ratioCell(ratio)];
}

function cell(figures: readonly number[]): string {
  if (figures.length === 0) return "-";
  const [low, high] = [Math.min(...figures), Math.max(...figures)];
  return `${formatFigure(median(figures))} (${formatFigure(low)} - ${formatFigure(high)})`;
}

function ratioCell(ratio: number): string {
  return Number.isNaN(ratio) ? "-" : `${ratio.toFixed(2)}x`;
}

/** The table for a terminal. */
export function renderText(lines: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => line.map((text, i) => text.padEnd(widths[i])).join("  ").trimEnd())
    .join("\n");
}

/** How the figures came to be, in one sentence. */
export function describeRun(rounds: number, seconds: number, versions: string): string {
  const [cpu] = cpus();
  return `${versions}; ${cpus().length} cores (${cpu?.model ?? "unknown"}), loopback, ` +
    `default settings, durable; median (lowest - highest) of ${rounds} alternating rounds of ` +
    `${seconds} s a row; a ratio above 1 is in detcd's favour.`;
}

/** Replaces what stands between the markers of a Markdown page, or appends both. */
export function writeMarkdown(
  path: string,
  description: string,
  lines: readonly (readonly string[])[],
): void {
  const [head, ...body] = lines.map((line) => `| ${line.join(" | ")} |`);
  const rule = `| ${COLUMNS.map(() => "---").join(" | ")} |`;
  const section = [BEGIN_MARKER, "", description, "", head, rule, ...body, "", END_MARKER].join(
    "\n",
  );
  const page = existsSync(path) ? readFileSync(path, "utf8") : "# Performance\n";
  writeFileSync(path, replaceSection(page, section));
}

/** The page with its marked section replaced, or appended where there was none. */
export function replaceSection(page: string, section: string): string {
  const begin = page.indexOf(BEGIN_MARKER);
  const end = page.indexOf(END_MARKER);
  if (begin < 0 || end < begin) return `${page.trimEnd()}\n\n${section}\n`;
  return page.slice(0, begin) + section + page.slice(end + END_MARKER.length);
}
