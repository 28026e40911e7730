import { type ByteText, byteText, plainText } from "../byte_text.ts";

/** What a horizontal line looks like at its start, where columns meet, and at its end. */
interface Rule {
  readonly start: string;
  readonly joint: string;
  readonly end: string;
}

const TOP: Rule = { start: "\u250c", joint: "\u252c", end: "\u2510" };
const MIDDLE: Rule = { start: "\u251c", joint: "\u253c", end: "\u2524" };
const BOTTOM: Rule = { start: "\u2514", joint: "\u2534", end: "\u2518" };
const HORIZONTAL = "\u2500";
const VERTICAL = byteText("\u2502");

/** Draws a table with lines, as etcdctl and etcdutl do. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly ByteText[])[],
): ByteText[] {
  const titles = head.map((title) => title.toUpperCase().replaceAll("_", " "));
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => widthOf(row[column])))
  );
  const ruleOf = ({ start, joint, end }: Rule): ByteText =>
    byteText(start + widths.map((width) => HORIZONTAL.repeat(width + 2)).join(joint) + end);
  const centered = titles.map((title, column) => {
    const left = Math.floor((widths[column] - title.length) / 2);
    return (" ".repeat(left) + title).padEnd(widths[column]);
  });
  const aligned = rows.map((row) =>
    row.map((cell, column) => " ".repeat(widths[column] - widthOf(cell)) + cell)
  );
  const body = rows.length === 0 ? [] : [ruleOf(MIDDLE), ...aligned.map(lineOf)];
  return [ruleOf(TOP), lineOf(centered), ...body, ruleOf(BOTTOM)];
}

/** Columns are counted in characters, not in bytes. */
function widthOf(cell: ByteText): number {
  return [...plainText(cell)].length;
}

function lineOf(cells: readonly ByteText[]): ByteText {
  return `${VERTICAL} ${cells.join(` ${VERTICAL} `)} ${VERTICAL}`;
}
