import { LiteralError, parseGoInt } from "../../../base/go_literal.ts";
import { type ByteText, quoteBytes } from "../byte_text.ts";

/** A text that is no number; the message is that of Go's strconv package. */
export class IntegerError extends Error {
  override name = "IntegerError";
}

const DIGITS = { 10: /^[+-]?[0-9]+$/, 16: /^[+-]?[0-9a-fA-F]+$/ } as const;
const BITS = 64;
const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

/** Longer texts than any number that fits are not converted. */
const MAX_LENGTH = 100;

/** Reads a number as Go's `ParseInt(text, base, 64)` does. */
export function parseInt64(text: ByteText, base: 10 | 16): bigint {
  if (!DIGITS[base].test(text)) throw failure(text, "invalid syntax");
  if (text.length > MAX_LENGTH) throw failure(text, "value out of range");
  const digits = text.replace(/^[+-]/, "");
  const magnitude = BigInt(base === 16 ? `0x${digits}` : digits);
  const value = text.startsWith("-") ? -magnitude : magnitude;
  if (value > MAX_INT64 || value < MIN_INT64) throw failure(text, "value out of range");
  return value;
}

/** Reads a number as Go's `ParseInt(text, 0, 64)` does: decimal, or with a prefix of its base. */
export function parseAnyInt64(text: ByteText): bigint {
  try {
    return parseGoInt(text, BITS);
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error;
    const isRange = error.message === "value out of range";
    throw failure(text, isRange ? error.message : "invalid syntax");
  }
}

/** A revision, limit or TTL as messages carry it; what is not exact is beyond any server anyway. */
export function messageNumber(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  if (value > limit) return Number.MAX_SAFE_INTEGER;
  return value < -limit ? -Number.MAX_SAFE_INTEGER : Number(value);
}

function failure(text: ByteText, why: string): IntegerError {
  return new IntegerError(`strconv.ParseInt: parsing ${quoteBytes(text)}: ${why}`);
}
