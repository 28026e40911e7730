import type { ByteText } from "../byte_text.ts";
import { invalidInput } from "../exit_code.ts";
import { scanQuoted } from "./go_scan.ts";

const SPACE = /\s/;
const BARE_WORD = /\S+/y;

/**
 * Parts a line of interactive input into words: bare ones up to the next space, 'as they are' in
 * single quotes, and Go string literals in double quotes. A quote that is not closed is skipped.
 * Throws a CtlError when a literal is malformed.
 */
export function splitWords(line: ByteText): ByteText[] {
  const words: ByteText[] = [];
  let position = 0;
  while (position < line.length) {
    const character = line[position];
    if (character === "'" || character === '"') {
      const end = closingQuote(line, position);
      if (end > 0) words.push(unquote(line.slice(position, end)));
      position = end > 0 ? end : position + 1;
    } else if (SPACE.test(character)) position++;
    else {
      BARE_WORD.lastIndex = position;
      const word = BARE_WORD.exec(line)?.[0] ?? character;
      words.push(word);
      position += word.length;
    }
  }
  return words;
}

/** Where the input goes on behind the quote that closes the one at `start`; 0 if none does. */
function closingQuote(line: ByteText, start: number): number {
  const quote = line[start];
  for (let i = start + 1; i < line.length; i++) {
    if (line[i] === quote) return i + 1;
    if (quote === '"' && line[i] === "\\") i++;
  }
  return 0;
}

function unquote(word: ByteText): ByteText {
  if (word.startsWith("'")) return word.slice(1, -1);
  const literal = scanQuoted(word, 0);
  if (literal === undefined) throw invalidInput("invalid syntax");
  return literal.value;
}
