import type { Complaint } from "./import_rules.ts";
import { lineOf, partSource, type SourceText } from "./source_text.ts";

interface TidyRule {
  readonly pattern: RegExp;
  readonly in: keyof SourceText;
  readonly says: string;
  readonly appliesTo: (file: string) => boolean;
}

const everywhere = (): boolean => true;
const isTest = (file: string): boolean => file.endsWith("_test.ts") || file.startsWith("tests/");
const isCore = (file: string): boolean => file.startsWith("src/core/") && !isTest(file);
const isQuiet = (file: string): boolean =>
  !isTest(file) && !file.startsWith("src/cli/") && !file.startsWith("scripts/") &&
  file !== "main.ts";

const RULES: readonly TidyRule[] = [
  {
    pattern: /\bas\s+any\b|[:<|&]\s*any\b(?!\s*[.(])|\bany\[\]/g,
    in: "code",
    says: "`any` escapes the type checker",
    appliesTo: everywhere,
  },
  {
    pattern: /@ts-(?:ignore|nocheck|expect-error)/g,
    in: "comments",
    says: "a @ts comment escapes the type checker",
    appliesTo: everywhere,
  },
  {
    pattern: /\b(?:TODO|FIXME)\b/g,
    in: "comments",
    says: "unfinished work belongs into an issue, not into a comment",
    appliesTo: everywhere,
  },
  {
    pattern: /\bconsole\.\w+\s*\(/g,
    in: "code",
    says: "console is for cli, scripts and tests",
    appliesTo: isQuiet,
  },
  {
    pattern: /\.only\s*\(|\bonly:\s*true\b/g,
    in: "code",
    says: "a test with `only` switches all others off",
    appliesTo: isTest,
  },
  {
    pattern:
      /\b(?:Deno|performance|crypto)\.|\b(?:setTimeout|setInterval|queueMicrotask|fetch)\s*\(|\bDate\.now\b|\bnew\s+Date\b|\bMath\.random\b|\basync\b|\bawait\b|\bPromise\b/g,
    in: "code",
    says: "core has no I/O, timers, async, ambient time or randomness",
    appliesTo: isCore,
  },
];

/** Complaints about the text and the name of one file. */
export function checkTidiness(file: string, source: string): Complaint[] {
  const complaints: Complaint[] = checkName(file);
  const parts = partSource(source);
  for (const rule of RULES) {
    if (!rule.appliesTo(file)) continue;
    for (const match of parts[rule.in].matchAll(rule.pattern)) {
      complaints.push({
        file,
        line: lineOf(source, match.index),
        rule: `${rule.says}: ${match[0].trim()}`,
      });
    }
  }
  return complaints;
}

function checkName(file: string): Complaint[] {
  const name = file.slice(file.lastIndexOf("/") + 1);
  if (name === "index.ts") return [{ file, line: 1, rule: "a file's name says what is in it" }];
  if (/^[a-z0-9]+(_[a-z0-9]+)*\.ts$/.test(name)) return [];
  return [{ file, line: 1, rule: "file names are snake_case" }];
}
