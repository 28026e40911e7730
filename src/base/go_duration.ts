import { goQuote } from "./go_quote.ts";

/** A text that is not a Go duration; the message is Go's. */
export class DurationError extends Error {
  override name = "DurationError";
}

const NANOSECONDS_PER_UNIT = new Map<string, bigint>([
  ["ns", 1n],
  ["us", 1_000n],
  // Go takes both the micro sign and the Greek letter.
  ["\u00b5s", 1_000n],
  ["\u03bcs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

const MAX_NANOSECONDS = (1n << 63n) - 1n;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** More digits than any duration has that fits Go's 64 bits; the rest would only cost time. */
const MAX_DIGITS = 40;

/** Reads a duration in Go's syntax, such as `1h30m` or `-1.5s`, into nanoseconds. */
export function parseGoDuration(text: string): bigint {
  const isNegative = text.startsWith("-");
  const unsigned = isNegative || text.startsWith("+") ? text.slice(1) : text;
  if (unsigned === "0") return 0n;
  if (unsigned === "") throw invalid(text);
  const total = sumOfTerms(unsigned, text);
  if (total > MAX_NANOSECONDS + (isNegative ? 1n : 0n)) throw invalid(text);
  return isNegative ? -total : total;
}

function sumOfTerms(unsigned: string, text: string): bigint {
  const term = /([0-9]*)\.?([0-9]*)([^.0-9]*)/y;
  let total = 0n;
  while (term.lastIndex < unsigned.length) {
    const [, whole, fraction, unit] = term.exec(unsigned) ?? [];
    if (whole === "" && fraction === "") throw invalid(text);
    if (unit === "") throw new DurationError(`time: missing unit in duration ${goQuote(text)}`);
    total += termNanoseconds(whole, fraction, unit, text);
  }
  return total;
}

function termNanoseconds(whole: string, fraction: string, unit: string, text: string): bigint {
  const perUnit = NANOSECONDS_PER_UNIT.get(unit);
  if (perUnit === undefined) {
    throw new DurationError(`time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`);
  }
  if (whole.replace(/^0+/, "").length > MAX_DIGITS) throw invalid(text);
  const digits = fraction.slice(0, MAX_DIGITS);
  const part = BigInt(`0${digits}`) * perUnit / 10n ** BigInt(digits.length);
  return BigInt(`0${whole}`) * perUnit + part;
}

function invalid(text: string): DurationError {
  return new DurationError(`time: invalid duration ${goQuote(text)}`);
}

/** Writes nanoseconds as Go prints a duration: `1h0m0s`, `1.5s`, `100ms`, `0s`. */
export function formatGoDuration(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatGoDuration(-nanoseconds)}`;
  if (nanoseconds === 0n) return "0s";
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  if (nanoseconds < NANOSECONDS_PER_MILLISECOND) return `${decimal(nanoseconds, 3)}\u00b5s`;
  if (nanoseconds < 1_000_000_000n) return `${decimal(nanoseconds, 6)}ms`;
  const minutes = nanoseconds / 60_000_000_000n;
  const seconds = `${decimal(nanoseconds % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  const hours = minutes / 60n;
  return hours === 0n ? `${minutes}m${seconds}` : `${hours}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, fractionDigits: number): string {
  const scale = 10n ** BigInt(fractionDigits);
  const fraction = (value % scale).toString().padStart(fractionDigits, "0").replace(/0+$/, "");
  return fraction === "" ? `${value / scale}` : `${value / scale}.${fraction}`;
}

/** Milliseconds as a number; what is finer than a millisecond becomes a fraction. */
export function millisecondsFromNanoseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / NANOSECONDS_PER_MILLISECOND) +
    Number(nanoseconds % NANOSECONDS_PER_MILLISECOND) / 1e6;
}

/** The way back, exact to the nanosecond for everything below a month. */
export function nanosecondsFromMilliseconds(milliseconds: number): bigint {
  const whole = Math.trunc(milliseconds);
  return BigInt(whole) * NANOSECONDS_PER_MILLISECOND +
    BigInt(Math.round((milliseconds - whole) * 1e6));
}
