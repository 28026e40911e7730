import { goQuote } from "../../../base/go_quote.ts";
import type { Flag } from "./flag.ts";

/** Explains flags one a line, in Go's form: name, kind of value, what it does, and the default. */
export function flagLines(flags: readonly Flag[]): string[] {
  const sorted = flags.toSorted((a, b) => a.name < b.name ? -1 : 1);
  const heads = sorted.map(headOf);
  const width = Math.max(0, ...heads.map((head) => head.length));
  return sorted.map((flag, i) => `${heads[i].padEnd(width)}   ${flag.usage}${defaultText(flag)}`);
}

function headOf({ name, shorthand, kind }: Flag): string {
  const start = shorthand === undefined ? "      " : `  -${shorthand}, `;
  const value = kind === "bool" ? "" : ` ${kind === "int64" ? "int" : kind}`;
  return `${start}--${name}${value}`;
}

/** Defaults that need not be told: nothing, nought, no. */
const PLAIN_DEFAULTS: readonly string[] = ["", "0", "0s", "false"];

function defaultText({ kind, default: value }: Flag): string {
  if (PLAIN_DEFAULTS.includes(value) && (kind !== "string" || value === "")) return "";
  if (kind === "string") return ` (default ${goQuote(value)})`;
  return ` (default ${kind === "strings" ? `[${value}]` : value})`;
}
