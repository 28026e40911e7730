/** From here on Go writes numbers with an exponent. */
const EXPONENT_FROM = 1e6;

/**
 * The upper bound of a bucket as Go's Prometheus library writes it. It is the text of a label, so
 * rules and dashboards that name a bucket find it only if it is the same to the letter.
 */
export function formatBound(bound: number): string {
  if (bound < EXPONENT_FROM) return String(bound);
  const [digits, exponent] = bound.toExponential().split("e+");
  return `${digits}e+${exponent.padStart(2, "0")}`;
}
