import { type ByteText, plainText } from "../byte_text.ts";

/** Draws a table with lines, as etcdctl and etcdutl do. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly ByteText[])[],
): ByteText[] {
  const titles = head.map((title) => title.toUpperCase());
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => widthOf(row[column])))
  );
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+`;
  const centered = titles.map((title, column) => {
    const left = Math.floor((widths[column] - title.length) / 2);
    return (" ".repeat(left) + title).padEnd(widths[column]);
  });
  const aligned = rows.map((row) =>
    row.map((cell, column) => " ".repeat(widths[column] - widthOf(cell)) + cell)
  );
  // A table without rows has its lower rule all the same.
  return [rule, lineOf(centered), rule, ...aligned.map(lineOf), rule];
}

/** Columns are counted in characters, not in bytes. */
function widthOf(cell: ByteText): number {
  return [...plainText(cell)].length;
}

function lineOf(cells: readonly ByteText[]): ByteText {
  return `| ${cells.join(" | ")} |`;
}
