/** The middle one of the values, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A number short enough for a table, with no more digits than a measurement bears. */
export function formatFigure(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (value >= 1000) return Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
