/** The middle one of the values, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The smallest value that at least `percent` of all values do not exceed (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  // The product is rounded first: 99.9 % of 1000 must be rank 999 in binary fractions as well.
  const rank = Math.ceil(Number((values.length * percent / 100).toFixed(6)));
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1];
}

/** A number short enough for a table, with no more digits than a measurement bears. */
export function formatFigure(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (value >= 1000) return formatCount(Math.round(value));
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** A whole number with its thousands set apart. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US").replaceAll(",", " ");
}
