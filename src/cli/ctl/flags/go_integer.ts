import { LiteralError, parseGoInt, parseGoUint } from "../../../base/go_literal.ts";
import { type ByteText, quoteBytes } from "../byte_text.ts";

/** A text that is no number; the message is that of Go's strconv package. */
export class IntegerError extends Error {
  override name = "IntegerError";
}

const DIGITS = { 10: /^[+-]?[0-9]+$/, 16: /^[+-]?[0-9a-fA-F]+$/ } as const;
const SYNTAX = "invalid syntax";
const RANGE = "value out of range";
const BITS = 64;
const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

/** Longer texts than any number that fits are not converted. */
const MAX_LENGTH = 100;

/** Reads a number as Go's `ParseInt(text, base, 64)` does. */
export function parseInt64(text: ByteText, base: 10 | 16): bigint {
  if (!DIGITS[base].test(text)) throw failure("ParseInt", text, SYNTAX);
  if (text.length > MAX_LENGTH) throw failure("ParseInt", text, RANGE);
  const digits = text.replace(/^[+-]/, "");
  const magnitude = BigInt(base === 16 ? `0x${digits}` : digits);
  const value = text.startsWith("-") ? -magnitude : magnitude;
  if (value > MAX_INT64 || value < MIN_INT64) throw failure("ParseInt", text, RANGE);
  return value;
}

/** Reads an ID as Go's `ParseUint(text, 16, 64)` does. */
export function parseHexUint64(text: ByteText): bigint {
  if (!/^[0-9a-fA-F]+$/.test(text)) throw failure("ParseUint", text, SYNTAX);
  if (text.replace(/^0+/, "").length > 16) throw failure("ParseUint", text, RANGE);
  return BigInt(`0x${text}`);
}

/** Reads a number as Go's `ParseInt(text, 0, 64)` does: decimal, or with a prefix of its base. */
export function parseAnyInt64(text: ByteText): bigint {
  return parseLiteral("ParseInt", text, parseGoInt);
}

/** The same for numbers that are not negative, as `ParseUint(text, 0, 64)` does. */
export function parseAnyUint64(text: ByteText): bigint {
  return parseLiteral("ParseUint", text, parseGoUint);
}

/** Go's functions that read numbers. */
type Reader = "ParseInt" | "ParseUint";

function parseLiteral(
  reader: Reader,
  text: ByteText,
  parse: (text: string, bits: number) => bigint,
): bigint {
  try {
    return parse(text, BITS);
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error;
    throw failure(reader, text, error.message === RANGE ? RANGE : SYNTAX);
  }
}

function failure(reader: Reader, text: ByteText, why: string): IntegerError {
  return new IntegerError(`strconv.${reader}: parsing ${quoteBytes(text)}: ${why}`);
}
