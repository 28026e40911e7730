const TAB_WIDTH = 8;

/**
 * Aligns the columns of lines whose cells are separated by tabs, as Go's tabwriter does with tabs
 * of eight: a column is as wide as its widest cell and one more, in whole tabs.
 */
export function alignTabs(lines: readonly string[]): string {
  const rows = lines.map((line) => line.split("\t"));
  const columns = Math.max(0, ...rows.map((cells) => cells.length - 1));
  const widths = Array.from({ length: columns }, (_, column) => {
    // The last cell of a row ends no column.
    const cells = rows.filter((row) => row.length > column + 1).map((row) => row[column].length);
    return Math.ceil((Math.max(...cells) + 1) / TAB_WIDTH) * TAB_WIDTH;
  });
  return rows.map((row) => `${alignRow(row, widths)}\n`).join("");
}

function alignRow(row: readonly string[], widths: readonly number[]): string {
  return row.map((cell, column) => {
    if (column === row.length - 1) return cell;
    return cell + "\t".repeat(Math.ceil((widths[column] - cell.length) / TAB_WIDTH));
  }).join("");
}
