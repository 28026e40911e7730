import {
  bytesFromLatin1,
  bytesFromText,
  latin1FromBytes,
  textFromBytes,
} from "../../base/bytes.ts";
import { goQuote } from "../../base/go_quote.ts";

/**
 * Text as the command handles it: one character a byte, like Go's strings, because keys and values
 * need not be UTF-8. Arguments are turned into it when they come and output when it goes, so that
 * everything in between keeps every byte.
 */
export type ByteText = string;

/** The UTF-8 bytes of a text. */
export function byteText(text: string): ByteText {
  return latin1FromBytes(bytesFromText(text));
}

/** Bytes from a message. */
export function byteTextOf(bytes: Uint8Array): ByteText {
  return latin1FromBytes(bytes);
}

/** The text that UTF-8 bytes stand for. */
export function plainText(bytes: ByteText): string {
  return textFromBytes(bytesFromLatin1(bytes));
}

const ASCII = "[\\x00-\\x7f]";
const CONTINUATION = "[\\x80-\\xbf]";

/** One sound UTF-8 sequence: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
const SEQUENCE = [
  ASCII,
  `[\\xc2-\\xdf]${CONTINUATION}`,
  `\\xe0[\\xa0-\\xbf]${CONTINUATION}`,
  `[\\xe1-\\xec\\xee\\xef]${CONTINUATION}{2}`,
  `\\xed[\\x80-\\x9f]${CONTINUATION}`,
  `\\xf0[\\x90-\\xbf]${CONTINUATION}{2}`,
  `[\\xf1-\\xf3]${CONTINUATION}{3}`,
  `\\xf4[\\x80-\\x8f]${CONTINUATION}{2}`,
].join("|");

const RUNS = new RegExp(`((?:${SEQUENCE})+)|([^])`, "g");

/** Quotes as Go's `%q` does: what is not UTF-8 becomes `\xff`. */
export function quoteBytes(bytes: ByteText): ByteText {
  const inner = bytes.replace(RUNS, (_, sound: string | undefined, broken: string) => {
    if (sound === undefined) return hexEscape(broken);
    return byteText(goQuote(plainText(sound)).slice(1, -1));
  });
  return `"${inner}"`;
}

/** Each byte as `\x61`, which is etcdctl's `--hex`. */
export function hexText(bytes: ByteText): ByteText {
  return bytes.replace(/[^]/g, hexEscape);
}

function hexEscape(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** Lease IDs are shown with all their digits. */
export const LEASE_ID_DIGITS = 16;

/** An ID as Go's `%x` writes a signed number, filled up with zeros to a width. */
export function hexId(id: bigint, width = 0): string {
  const sign = id < 0n ? "-" : "";
  const digits = (id < 0n ? -id : id).toString(16);
  return sign + digits.padStart(width - sign.length, "0");
}
