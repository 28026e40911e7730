import { latin1FromBytes } from "../../base/bytes.ts";
import { goQuote } from "../../base/go_quote.ts";
import { Byte, isBlank, isWordByte } from "./byte_classes.ts";
import { JsonError } from "./json_error.ts";
import type { FieldType } from "./message_type.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text breaks the rules of JSON; what is wrong is worked out once reading has stopped. */
export const MALFORMED = Symbol("malformed");

/** Escapes of strings; the two halves of a pair count as one. */
const ESCAPES =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^u]/g;
const HALF = /^\\u[dD][89a-fA-F]/;
const ESCAPE_LENGTH = 6;

/** A place in a JSON text, and the words and strings from there on. */
export class JsonCursor {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  position: number;
  /** Of the last string: where its content ends, and whether it has to be undone. */
  contentEnd = 0;
  hasEscapes = false;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.position = start;
  }

  /** Goes over blanks; the byte behind them, which stays where it is. */
  next(): number {
    const { bytes, end } = this;
    let position = this.position;
    while (position < end && isBlank(bytes[position])) position++;
    this.position = position;
    if (position >= end) throw MALFORMED;
    return bytes[position];
  }

  /** Goes over the string that begins here. */
  string(): void {
    const { bytes, end, position: start } = this;
    let allBits = 0;
    let hasEscapes = false;
    let i = start + 1;
    for (; i < end; i++) {
      const byte = bytes[i];
      if (byte === Byte.QUOTE) break;
      if (byte < Byte.SPACE) throw MALFORMED;
      allBits |= byte;
      if (byte === Byte.BACKSLASH) {
        hasEscapes = true;
        i++;
      }
    }
    if (i >= end) throw MALFORMED;
    this.contentEnd = i;
    this.hasEscapes = hasEscapes;
    this.position = i + 1;
    if (allBits >= 0x80) this.#checkUtf8(start, i);
    if (hasEscapes) this.#checkPairs(start, i);
  }

  /** Goes over a member's name. Only names in ASCII can be known, so bytes serve as characters. */
  name(): string {
    const start = this.position;
    this.string();
    if (this.hasEscapes) return this.unescaped(start, this.position);
    return latin1FromBytes(this.bytes, start + 1, this.contentEnd);
  }

  /** What the string in bytes[start, end) says; it must be the last that was gone over. */
  unescaped(start: number, end: number): string {
    const literal = utf8.decode(this.bytes.subarray(start, end));
    if (!this.hasEscapes) return literal.slice(1, -1);
    const text = parseString(literal);
    if (text === undefined) throw MALFORMED;
    return text;
  }

  /** Goes over a word that must stand here. */
  word(word: string): void {
    const end = this.wordEnd(this.position);
    if (latin1FromBytes(this.bytes, this.position, end) !== word) throw MALFORMED;
    this.position = end;
  }

  /** Where the number or word ends that begins at `start`. */
  wordEnd(start: number): number {
    let end = start;
    while (end < this.end && isWordByte(this.bytes[end])) end++;
    return end;
  }

  /** Checks the strings up to `end`, which nobody reads, and goes there. */
  checkStrings(end: number): void {
    // Nearly all texts have nothing to check, which a search by the runtime finds out at once.
    const text = latin1FromBytes(this.bytes, this.position, end);
    if (/[\x80-\xff]|\\u[dD]/.test(text)) {
      for (;;) {
        const start = this.bytes.indexOf(Byte.QUOTE, this.position);
        if (start < 0 || start >= end) break;
        this.position = start;
        this.string();
      }
    }
    this.position = end;
  }

  // What is wrong, in Go's words.

  unexpectedToken(): JsonError {
    const start = this.position;
    return this.#syntaxError(start, `unexpected token ${this.raw(start, this.#tokenEnd(start))}`);
  }

  /** The value that begins at `start` is none for this field. */
  invalidValue(field: FieldType, start: number): JsonError {
    const what = `invalid value for ${field.kind} field ${field.camelName}`;
    return this.error(start, `${what}: ${this.raw(start, this.#tokenEnd(start))}`);
  }

  error(position: number, text: string): JsonError {
    return new JsonError(`proto: (${this.#place(position)}): ${text}`);
  }

  /** The text itself. */
  raw(start: number, end: number): string {
    return lenientUtf8.decode(this.bytes.subarray(start, end));
  }

  #syntaxError(position: number, text: string): JsonError {
    return new JsonError(`proto: syntax error (${this.#place(position)}): ${text}`);
  }

  #tokenEnd(start: number): number {
    if (this.bytes[start] !== Byte.QUOTE) return Math.max(this.wordEnd(start), start + 1);
    this.position = start;
    this.string();
    return this.position;
  }

  #place(position: number): string {
    const lines = this.raw(this.start, position).split("\n");
    return `line ${lines.length}:${[...lines[lines.length - 1]].length + 1}`;
  }

  #checkUtf8(start: number, end: number): void {
    try {
      utf8.decode(this.bytes.subarray(start, end));
    } catch {
      throw this.#syntaxError(start, "invalid UTF-8 in string");
    }
  }

  /** The halves of a surrogate pair mean nothing alone. */
  #checkPairs(start: number, end: number): void {
    const text = latin1FromBytes(this.bytes, start, end);
    if (!/\\u[dD][89a-fA-F]/.test(text)) return;
    for (const { 0: escape, index } of text.matchAll(ESCAPES)) {
      if (!HALF.test(escape) || escape.length > ESCAPE_LENGTH) continue;
      const next = start + index + ESCAPE_LENGTH;
      if (this.end - next < ESCAPE_LENGTH) throw new JsonError("proto: unexpected EOF");
      const found = goQuote(this.raw(next, next + ESCAPE_LENGTH));
      throw this.#syntaxError(start, `invalid escape code ${found} in string`);
    }
  }
}

function parseString(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
