/** Bytes of JSON by name. */
export const Byte = {
  TAB: 0x09,
  NEWLINE: 0x0a,
  RETURN: 0x0d,
  SPACE: 0x20,
  QUOTE: 0x22,
  PLUS: 0x2b,
  COMMA: 0x2c,
  MINUS: 0x2d,
  POINT: 0x2e,
  ZERO: 0x30,
  NINE: 0x39,
  COLON: 0x3a,
  OPEN_ARRAY: 0x5b,
  BACKSLASH: 0x5c,
  CLOSE_ARRAY: 0x5d,
  OPEN_OBJECT: 0x7b,
  CLOSE_OBJECT: 0x7d,
} as const;

/** Whether JSON has no meaning for it outside of strings. */
export function isBlank(byte: number): boolean {
  return byte === Byte.SPACE || byte === Byte.NEWLINE || byte === Byte.RETURN || byte === Byte.TAB;
}

export function isDigit(byte: number): boolean {
  return byte >= Byte.ZERO && byte <= Byte.NINE;
}

/** Whether it may stand in a number or in a word such as `true`: letters, digits and `_-+.`. */
export function isWordByte(byte: number): boolean {
  return WORD_BYTES[byte] === 1;
}

const WORD_BYTES: Uint8Array = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(/[-+.\w]/.test(String.fromCharCode(byte))),
);
