/** A text that is not what Go's strconv package would read; the message is Go's. */
export class LiteralError extends Error {
  override name = "LiteralError";
}

/** Go's two complaints, as its flag package words them. */
const SYNTAX = "parse error";
const RANGE = "value out of range";

const TRUE_WORDS = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE_WORDS = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Reads a boolean in one of the forms that Go's strconv.ParseBool knows. */
export function parseGoBool(text: string): boolean {
  if (TRUE_WORDS.has(text)) return true;
  if (FALSE_WORDS.has(text)) return false;
  throw new LiteralError(SYNTAX);
}

const DECIMAL = /^(?:0|[1-9](?:_?[0-9])*)$/;
const HEXADECIMAL = /^0[xX](?:_?[0-9a-fA-F])+$/;
const BINARY = /^0[bB](?:_?[01])+$/;
const OCTAL = /^0[oO]?(?:_?[0-7])+$/;

/** 64 binary digits with an underscore between each two, the longest text that fits 64 bits. */
const MAX_LITERAL_LENGTH = 2 + 2 * 64;

/**
 * Reads an unsigned whole number as Go's strconv.ParseUint does with base 0: decimal, `0x`, `0b`,
 * `0o` or a leading zero for octal, and underscores between digits.
 */
export function parseGoUint(text: string, bits: number): bigint {
  const value = magnitudeOf(text);
  if (value >= 1n << BigInt(bits)) throw new LiteralError(RANGE);
  return value;
}

/** Reads a whole number with an optional sign as Go's strconv.ParseInt does with base 0. */
export function parseGoInt(text: string, bits: number): bigint {
  const isNegative = text.startsWith("-");
  const magnitude = magnitudeOf(isNegative || text.startsWith("+") ? text.slice(1) : text);
  const limit = 1n << BigInt(bits - 1);
  if (isNegative ? magnitude > limit : magnitude >= limit) throw new LiteralError(RANGE);
  return isNegative ? -magnitude : magnitude;
}

function magnitudeOf(text: string): bigint {
  const isOctal = OCTAL.test(text);
  if (!isOctal && !DECIMAL.test(text) && !HEXADECIMAL.test(text) && !BINARY.test(text)) {
    throw new LiteralError(SYNTAX);
  }
  // BigInt() takes quadratic time, so a text that cannot fit is not handed to it.
  if (text.length > MAX_LITERAL_LENGTH) throw new LiteralError(RANGE);
  const digits = text.replaceAll("_", "");
  return BigInt(isOctal && digits.length > 1 ? `0o${digits.replace(/^0[oO]?/, "")}` : digits);
}
