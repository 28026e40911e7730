import { latin1FromBytes } from "../../base/bytes.ts";
import { JSON_LIMITS } from "../limits.ts";
import type { Writer } from "../writer.ts";
import { decodeBase64 } from "./base64.ts";
import { Byte, isBlank } from "./byte_classes.ts";
import { JsonError } from "./json_error.ts";
import { JsonSyntax } from "./json_syntax.ts";
import type { FieldType, MessageType } from "./message_type.ts";
import { wholeNumber } from "./whole_number.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text breaks the rules of JSON; what is wrong is worked out once reading has stopped. */
const MALFORMED = Symbol("malformed");

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;
const INT32_MAX = 2n ** 31n - 1n;
const INT32_MIN = -(2n ** 31n);
const UINT32_MAX = 2n ** 32n - 1n;

/** Escapes of strings; the two halves of a pair count as one. */
const ESCAPES =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^u]/g;
const ESCAPE_LENGTH = 6;

const TRUE = "true";
const FALSE = "false";
const NULL = "null";

/**
 * Appends the message of a JSON text in bytes[start, end) to `writer` as protobuf, and returns the
 * position behind the text. Blanks in front are skipped, and nothing but blanks is an empty message.
 * Throws JsonError with the text that Go's gateway has for what is wrong.
 */
export function readJsonMessage(
  type: MessageType,
  bytes: Uint8Array,
  start: number,
  end: number,
  writer: Writer,
): number {
  let first = start;
  while (first < end && isBlank(bytes[first])) first++;
  if (first === end) return end;
  const reader = new JsonReader(bytes, first, end, writer);
  try {
    reader.message(type, 0);
    return reader.position;
  } catch (error) {
    // Go looks at the whole text before it looks at what it says.
    checkSyntax(bytes, first, end);
    throw error === MALFORMED ? new JsonError("unexpected EOF") : error;
  }
}

function checkSyntax(bytes: Uint8Array, start: number, end: number): void {
  const syntax = new JsonSyntax();
  if (syntax.read(bytes, start, end) < 0) syntax.finish();
}

/** Reads one text. */
class JsonReader {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #writer: Writer;
  /** Of the last string: where its content ends, and what is in it. */
  #contentEnd = 0;
  #hasEscapes = false;

  constructor(bytes: Uint8Array, start: number, end: number, writer: Writer) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.position = start;
    this.#writer = writer;
  }

  message(type: MessageType, depth: number): void {
    if (this.#next() !== Byte.OPEN_OBJECT) throw this.#unexpectedToken();
    if (depth > JSON_LIMITS.messageDepth) {
      throw new JsonError("proto: exceeded max recursion depth");
    }
    this.position++;
    if (this.#next() === Byte.CLOSE_OBJECT) {
      this.position++;
      return;
    }
    const seen = new SeenFields();
    for (;;) {
      this.#member(type, seen, depth);
      const byte = this.#next();
      this.position++;
      if (byte === Byte.CLOSE_OBJECT) return;
      if (byte !== Byte.COMMA) throw MALFORMED;
    }
  }

  #member(type: MessageType, seen: SeenFields, depth: number): void {
    if (this.#next() !== Byte.QUOTE) throw MALFORMED;
    const nameStart = this.position;
    const name = this.#name();
    const nameEnd = this.position;
    if (this.#next() !== Byte.COLON) throw MALFORMED;
    this.position++;
    const field = type.byName.get(name);
    if (field === undefined) return this.#skipValue();
    if (!seen.add(field)) {
      throw this.#error(nameStart, `duplicate field ${this.#raw(nameStart, nameEnd)}`);
    }
    if (this.#next() === 0x6e) return this.#literal(NULL);
    if (field.isRepeated) return this.#list(field, depth);
    if (!seen.addOneof(field)) {
      const what = this.#raw(nameStart, nameEnd);
      throw this.#error(nameStart, `error parsing ${what}, oneof ${field.oneof} is already set`);
    }
    this.#single(field, depth);
  }

  #list(field: FieldType, depth: number): void {
    if (this.#next() !== Byte.OPEN_ARRAY) throw this.#unexpectedToken();
    this.position++;
    if (this.#next() === Byte.CLOSE_ARRAY) {
      this.position++;
      return;
    }
    const writer = this.#writer;
    let runStart = 0;
    if (field.isPacked) {
      writer.tag(field.tag);
      runStart = writer.beginMessage();
    }
    for (;;) {
      this.#single(field, depth);
      const byte = this.#next();
      this.position++;
      if (byte === Byte.CLOSE_ARRAY) break;
      if (byte !== Byte.COMMA) throw MALFORMED;
    }
    if (field.isPacked) writer.endMessage(runStart);
  }

  /** A value that is no list, or one of a list. */
  #single(field: FieldType, depth: number): void {
    const writer = this.#writer;
    const start = this.position = this.#skipBlanks();
    switch (field.kind) {
      case "message": {
        writer.tag(field.tag);
        const messageStart = writer.beginMessage();
        if (field.message !== undefined) this.message(field.message, depth + 1);
        return writer.endMessage(messageStart);
      }
      case "bytes":
        return this.#bytesValue(field);
      case "string":
        return this.#stringValue(field);
      case "bool":
        return this.#boolValue(field);
      case "enum":
        return this.#enumValue(field, start);
      default:
        return this.#numberValue(field, start);
    }
  }

  #bytesValue(field: FieldType): void {
    const start = this.position;
    if (this.#bytes[start] !== Byte.QUOTE) throw this.#invalidValue(field, start);
    this.#string();
    const end = this.position;
    let [source, from, to] = [this.#bytes, start + 1, this.#contentEnd];
    if (this.#hasEscapes) {
      source = new TextEncoder().encode(this.#unescaped(start, end));
      [from, to] = [0, source.length];
    }
    if (from === to && this.#isDefaultHidden(field)) return;
    this.#writer.tag(field.tag);
    if (!decodeBase64(source, from, to, this.#writer)) {
      throw this.#invalidValueAt(field, start, end);
    }
  }

  #stringValue(field: FieldType): void {
    const start = this.position;
    if (this.#bytes[start] !== Byte.QUOTE) throw this.#invalidValue(field, start);
    this.#string();
    const text = this.#unescaped(start, this.position);
    if (text === "" && this.#isDefaultHidden(field)) return;
    this.#writer.tag(field.tag);
    this.#writer.string(text);
  }

  #boolValue(field: FieldType): void {
    const byte = this.#bytes[this.position];
    let value = false;
    if (byte === 0x74) {
      this.#literal(TRUE);
      value = true;
    } else if (byte === 0x66) this.#literal(FALSE);
    else throw this.#invalidValue(field, this.position);
    if (!value && this.#isDefaultHidden(field)) return;
    if (!field.isPacked) this.#writer.tag(field.tag);
    this.#writer.bool(value);
  }

  #enumValue(field: FieldType, start: number): void {
    let value: number | undefined;
    if (this.#bytes[start] === Byte.QUOTE) {
      this.#string();
      value = field.enumeration?.numbers.get(this.#unescaped(start, this.position));
      // A name that is not known counts as if it were not there.
      if (value === undefined) return;
    } else {
      const number = wholeNumber(this.#scalarText(field, start));
      if (number === undefined || number > INT32_MAX || number < INT32_MIN) {
        throw this.#invalidValueAt(field, start, this.position);
      }
      value = Number(number);
    }
    if (value === 0 && this.#isDefaultHidden(field)) return;
    if (!field.isPacked) this.#writer.tag(field.tag);
    this.#writer.int32(value);
  }

  /** A number, or a string with a number in it, which is how most programs send 64 bits. */
  #numberValue(field: FieldType, start: number): void {
    let text: string;
    if (this.#bytes[start] === Byte.QUOTE) {
      this.#string();
      text = this.#unescaped(start, this.position);
    } else text = this.#scalarText(field, start);
    const value = wholeNumber(text);
    if (value === undefined || !fits(field, value)) {
      throw this.#invalidValueAt(field, start, this.position);
    }
    if (value === 0n && this.#isDefaultHidden(field)) return;
    const writer = this.#writer;
    if (!field.isPacked) writer.tag(field.tag);
    writer.int64(value);
  }

  /** Values of proto3 that are zero are not written, unless they stand in a list or a oneof. */
  #isDefaultHidden(field: FieldType): boolean {
    return !field.isRepeated && field.oneof === undefined;
  }

  /** The text of a number; what is no number throws. */
  #scalarText(field: FieldType, start: number): string {
    const byte = this.#bytes[start];
    if (byte !== Byte.MINUS && !(byte >= Byte.ZERO && byte <= Byte.NINE)) {
      throw this.#invalidValue(field, start);
    }
    this.position = this.#wordEnd(start);
    return latin1FromBytes(this.#bytes, start, this.position);
  }

  #skipValue(): void {
    const syntax = new JsonSyntax();
    const end = syntax.read(this.#bytes, this.position, this.#end);
    if (end < 0) throw MALFORMED;
    this.#checkStrings(end);
    this.position = end;
  }

  /** What nobody reads must be text all the same. */
  #checkStrings(end: number): void {
    for (;;) {
      const start = this.#bytes.indexOf(Byte.QUOTE, this.position);
      if (start < 0 || start >= end) return;
      this.position = start;
      this.#string();
    }
  }

  #literal(word: string): void {
    const end = this.#wordEnd(this.position);
    if (latin1FromBytes(this.#bytes, this.position, end) !== word) throw MALFORMED;
    this.position = end;
  }

  /** A member's name, of which only those in ASCII can be known. */
  #name(): string {
    const start = this.position;
    this.#string();
    if (this.#hasEscapes) return this.#unescaped(start, this.position);
    return latin1FromBytes(this.#bytes, start + 1, this.#contentEnd);
  }

  /** Finds the end of the string that begins here. */
  #string(): void {
    const bytes = this.#bytes;
    const start = this.position;
    let allBits = 0;
    let hasEscapes = false;
    let i = start + 1;
    for (; i < this.#end; i++) {
      const byte = bytes[i];
      if (byte === Byte.QUOTE) break;
      if (byte < Byte.SPACE) throw MALFORMED;
      allBits |= byte;
      if (byte === Byte.BACKSLASH) {
        hasEscapes = true;
        i++;
      }
    }
    if (i >= this.#end) throw MALFORMED;
    this.#contentEnd = i;
    this.#hasEscapes = hasEscapes;
    this.position = i + 1;
    if (allBits >= 0x80) this.#checkUtf8(start, i);
    if (hasEscapes) this.#checkPairs(start, i);
  }

  /** The halves of a surrogate pair mean nothing alone. */
  #checkPairs(start: number, end: number): void {
    const text = latin1FromBytes(this.#bytes, start, end);
    if (!/\\u[dD][89a-fA-F]/.test(text)) return;
    for (const { 0: escape, index } of text.matchAll(ESCAPES)) {
      if (!/^\\u[dD][89a-fA-F]/.test(escape) || escape.length > ESCAPE_LENGTH) continue;
      const next = start + index + ESCAPE_LENGTH;
      if (this.#end - next < ESCAPE_LENGTH) throw new JsonError("proto: unexpected EOF");
      const found = JSON.stringify(this.#raw(next, next + ESCAPE_LENGTH));
      throw this.#syntaxError(start, `invalid escape code ${found} in string`);
    }
  }

  #checkUtf8(start: number, end: number): void {
    try {
      utf8.decode(this.#bytes.subarray(start, end));
    } catch {
      throw this.#syntaxError(start, "invalid UTF-8 in string");
    }
  }

  /** What the string in bytes[start, end) says. */
  #unescaped(start: number, end: number): string {
    const literal = utf8.decode(this.#bytes.subarray(start, end));
    if (!this.#hasEscapes) return literal.slice(1, -1);
    const text = parseString(literal);
    if (text === undefined) throw MALFORMED;
    return text;
  }

  #next(): number {
    this.position = this.#skipBlanks();
    if (this.position >= this.#end) throw MALFORMED;
    return this.#bytes[this.position];
  }

  #skipBlanks(): number {
    let position = this.position;
    while (position < this.#end && isBlank(this.#bytes[position])) position++;
    return position;
  }

  /** Where the number or word ends that begins here. */
  #wordEnd(start: number): number {
    let end = start;
    while (end < this.#end && /[-+.\w]/.test(String.fromCharCode(this.#bytes[end]))) end++;
    return end;
  }

  // What is wrong.

  #unexpectedToken(): JsonError {
    const start = this.position;
    return this.#syntaxError(start, `unexpected token ${this.#raw(start, this.#tokenEnd(start))}`);
  }

  #invalidValue(field: FieldType, start: number): JsonError {
    return this.#invalidValueAt(field, start, this.#tokenEnd(start));
  }

  #invalidValueAt(field: FieldType, start: number, end: number): JsonError {
    const what = `invalid value for ${field.kind} field ${field.camelName}`;
    return this.#error(start, `${what}: ${this.#raw(start, end)}`);
  }

  #tokenEnd(start: number): number {
    const byte = this.#bytes[start];
    if (byte === Byte.QUOTE) {
      this.position = start;
      this.#string();
      return this.position;
    }
    return Math.max(this.#wordEnd(start), start + 1);
  }

  #raw(start: number, end: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(start, end));
  }

  #error(position: number, text: string): JsonError {
    return new JsonError(`proto: (${this.#place(position)}): ${text}`);
  }

  #syntaxError(position: number, text: string): JsonError {
    return new JsonError(`proto: syntax error (${this.#place(position)}): ${text}`);
  }

  #place(position: number): string {
    const lines = this.#raw(this.#start, position).split("\n");
    return `line ${lines.length}:${[...lines[lines.length - 1]].length + 1}`;
  }
}

/** Which fields of a message have come. */
class SeenFields {
  #low = 0;
  #others: Set<number> | undefined;
  #oneofs: string[] | undefined;

  /** False: it has come before. */
  add({ index }: FieldType): boolean {
    if (index < 31) {
      const bit = 1 << index;
      if ((this.#low & bit) !== 0) return false;
      this.#low |= bit;
      return true;
    }
    this.#others ??= new Set();
    if (this.#others.has(index)) return false;
    this.#others.add(index);
    return true;
  }

  /** False: another of the same oneof has come before. */
  addOneof({ oneof }: FieldType): boolean {
    if (oneof === undefined) return true;
    this.#oneofs ??= [];
    if (this.#oneofs.includes(oneof)) return false;
    this.#oneofs.push(oneof);
    return true;
  }
}

function fits({ kind }: FieldType, value: bigint): boolean {
  switch (kind) {
    case "uint64":
      return value >= 0n && value <= UINT64_MAX;
    case "uint32":
      return value >= 0n && value <= UINT32_MAX;
    case "int32":
      return value >= INT32_MIN && value <= INT32_MAX;
    default:
      return value >= INT64_MIN && value <= INT64_MAX;
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
