const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
const STEP = 1000;

/** A size as people read it: `20 kB`, `1.5 MB`. */
export function humanBytes(sizeBytes: number): string {
  if (sizeBytes < 10) return `${sizeBytes} B`;
  const exponent = Math.floor(Math.log(sizeBytes) / Math.log(STEP));
  const tenths = Math.floor(sizeBytes / STEP ** exponent * 10 + 0.5);
  const text = tenths < 100 ? (tenths / 10).toFixed(1) : String(wholeOf(tenths));
  return `${text} ${UNITS[exponent]}`;
}

/** Rounds a half to the even neighbour, as Go's `%.0f` does: 20.5 is 20. */
function wholeOf(tenths: number): number {
  const whole = Math.floor(tenths / 10);
  const rest = tenths % 10;
  return rest > 5 || (rest === 5 && whole % 2 === 1) ? whole + 1 : whole;
}
