import { type ByteText, byteText } from "../byte_text.ts";

/** A quoted text and where the input goes on behind it. */
interface Scanned {
  readonly value: ByteText;
  readonly end: number;
}

const QUOTED = /"((?:[^"\\]|\\[^])*)"|`([^`]*)`/y;

/**
 * Reads a Go string literal (`"..."` with escapes, or in backquotes) that stands at `start`;
 * undefined if there is none or it is malformed.
 */
export function scanQuoted(input: ByteText, start: number): Scanned | undefined {
  QUOTED.lastIndex = start;
  const match = QUOTED.exec(input);
  if (match === null) return undefined;
  const end = start + match[0].length;
  const [, escaped, raw] = match;
  if (raw !== undefined) return { value: raw.replaceAll("\r", ""), end };
  const value = unescape(escaped);
  return value === undefined ? undefined : { value, end };
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map(Object.entries({
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
}));

const ESCAPE =
  /\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]?))/g;

const LAST_CODE_POINT = 0x10ffff;

/** Resolves the escapes of a Go string literal; undefined if one of them is malformed. */
function unescape(text: ByteText): ByteText | undefined {
  let isSound = !text.includes("\n");
  const value = text.replace(ESCAPE, (_, hex, octal, short4, long8, single: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
    const unicode = short4 ?? long8;
    const resolved = unicode === undefined
      ? SHORT_ESCAPES.get(single ?? "")
      : codePointText(parseInt(unicode, 16));
    isSound &&= resolved !== undefined;
    return resolved ?? "";
  });
  return isSound ? value : undefined;
}

function codePointText(code: number): ByteText | undefined {
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  if (isSurrogate || code > LAST_CODE_POINT) return undefined;
  return byteText(String.fromCodePoint(code));
}
