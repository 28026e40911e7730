const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
const STEP = 1000;

/** A size as people read it: `20 kB`, `1.5 MB`. */
export function humanBytes(sizeBytes: number): string {
  if (sizeBytes < 10) return `${sizeBytes} B`;
  const exponent = Math.floor(Math.log(sizeBytes) / Math.log(STEP));
  const value = Math.floor(sizeBytes / STEP ** exponent * 10 + 0.5) / 10;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${UNITS[exponent]}`;
}
