import { quote } from "./status_message.ts";

const LONGEST_TIMEOUT_CHARS = 9;
const DIGITS_FORM = /^[0-9]+$/;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 0.001],
  ["n", 0.000_001],
]);

/** The milliseconds that a `grpc-timeout` header says, or the text of the error it contains. */
export function parseTimeout(text: string): number | string {
  if (text.length < 2) return `transport: timeout string is too short: ${quote(text)}`;
  if (text.length > LONGEST_TIMEOUT_CHARS) {
    return `transport: timeout string is too long: ${quote(text)}`;
  }
  const unitMs = UNIT_MS.get(text[text.length - 1]);
  if (unitMs === undefined) return `transport: timeout unit is not recognized: ${quote(text)}`;
  const digits = text.slice(0, -1);
  if (!DIGITS_FORM.test(digits)) {
    return `strconv.ParseUint: parsing ${quote(digits)}: invalid syntax`;
  }
  return Number(digits) * unitMs;
}
