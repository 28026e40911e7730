import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { TargetName } from "../../tests/harness/targets.ts";
import type { Results, Row } from "./suite.ts";
import { formatFigure, median } from "./statistics.ts";

const COLUMNS = ["what", "unit", "etcd", "detcd", "ratio"] as const;

/** The table's lines, head first: medians with the range of the rounds, and detcd over etcd. */
export function tableLines(rows: readonly Row[], results: Results): string[][] {
  return [[...COLUMNS], ...rows.map((row) => tableLine(row, results))];
}

function tableLine(row: Row, results: Results): string[] {
  const [etcd, detcd] = [figuresOf(results, row, "etcd"), figuresOf(results, row, "detcd")];
  // A ratio above 1 is always in detcd's favour.
  const ratio = row.isRate ? median(detcd) / median(etcd) : median(etcd) / median(detcd);
  return [row.title, row.unit, figuresCell(etcd), figuresCell(detcd), ratioCell(ratio)];
}

/** What the rounds yielded for one row on one target. */
export function figuresOf(results: Results, row: Row, target: TargetName): readonly number[] {
  return results.get(row.id)?.get(target) ?? [];
}

/** Median, lowest and highest of the rounds. */
export function figuresCell(figures: readonly number[]): string {
  if (figures.length === 0) return "-";
  const [low, high] = [Math.min(...figures), Math.max(...figures)];
  return `${formatFigure(median(figures))} (${formatFigure(low)} - ${formatFigure(high)})`;
}

/** How many times one is the other, "-" where there is nothing to compare. */
export function ratioCell(ratio: number): string {
  if (!Number.isFinite(ratio)) return "-";
  return `${ratio < 0.1 ? ratio.toPrecision(1) : ratio.toFixed(2)}x`;
}

/** The table for a terminal. */
export function renderText(lines: readonly (readonly string[])[]): string {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => line.map((text, i) => text.padEnd(widths[i])).join("  ").trimEnd())
    .join("\n");
}

/** Where the figures were measured, in half a sentence. */
export function describeMachine(versions: string): string {
  const [cpu] = cpus();
  return `${versions}; ${cpus().length} cores (${cpu?.model ?? "unknown"}), loopback, ` +
    `default settings, durable`;
}

/** Replaces what stands between the markers of a Markdown page, or appends both. */
export function writeMarkdown(
  path: string,
  section: string,
  description: string,
  lines: readonly (readonly string[])[],
): void {
  const [head, ...body] = lines.map((line) => `| ${line.join(" | ")} |`);
  const rule = `| ${lines[0].map(() => "---").join(" | ")} |`;
  const content = [description, "", head, rule, ...body].join("\n");
  const page = existsSync(path) ? readFileSync(path, "utf8") : "# Performance\n";
  writeFileSync(path, replaceSection(page, section, content));
}

/** The page with one marked section replaced, or appended where there was none. */
export function replaceSection(page: string, section: string, content: string): string {
  const [beginMarker, endMarker] = [`<!-- ${section}:begin -->`, `<!-- ${section}:end -->`];
  const marked = [beginMarker, "", content, "", endMarker].join("\n");
  const begin = page.indexOf(beginMarker);
  const end = page.indexOf(endMarker);
  if (begin < 0 || end < begin) return `${page.trimEnd()}\n\n${marked}\n`;
  return page.slice(0, begin) + marked + page.slice(end + endMarker.length);
}
