import { goQuote } from "../../base/go_quote.ts";
import { JSON_LIMITS } from "../limits.ts";
import { Byte, isBlank, isDigit } from "./byte_classes.ts";
import { JsonError } from "./json_error.ts";

/** What may come next. */
const State = {
  VALUE: 0,
  VALUE_OR_CLOSE: 1,
  NAME: 2,
  NAME_OR_CLOSE: 3,
  COLON: 4,
  AFTER_MEMBER: 5,
  AFTER_ELEMENT: 6,
  STRING: 7,
  ESCAPE: 8,
  HEX: 9,
  LITERAL: 10,
  MINUS: 11,
  ZERO: 12,
  DIGITS: 13,
  POINT: 14,
  FRACTION: 15,
  EXPONENT: 16,
  EXPONENT_SIGN: 17,
  EXPONENT_DIGITS: 18,
  DONE: 19,
} as const;

const NUMBER_ENDS: ReadonlySet<number> = new Set([
  State.ZERO,
  State.DIGITS,
  State.FRACTION,
  State.EXPONENT_DIGITS,
]);

const LITERALS: ReadonlyMap<string, string> = new Map([
  ["t", "true"],
  ["f", "false"],
  ["n", "null"],
]);

const HEX_DIGITS = 4;

/**
 * Finds the end of one JSON value in bytes that come in pieces, and says in Go's words what is wrong
 * with it. It looks at each byte once, whatever pieces they come in.
 */
export class JsonSyntax {
  #state: number = State.VALUE;
  /** The containers around the place: true for an object. */
  readonly #open: boolean[] = [];
  /** Whether the string that is being read is a name. */
  #isName = false;
  #hexDigitsLeft = 0;
  #literal = "";
  #literalPosition = 0;
  #begun = false;

  /** Whether anything but blanks has been read. */
  get begun(): boolean {
    return this.#begun;
  }

  /**
   * Reads on in bytes[start, end). Returns the position behind the value, or -1 while its end has
   * not come. Throws JsonError.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    for (let i = start; i < end; i++) {
      if (this.#state === State.STRING) {
        i = skipPlain(bytes, i, end);
        if (i === end) return -1;
      }
      const byte = bytes[i];
      if (this.#state < State.STRING && isBlank(byte)) continue;
      this.#begun = true;
      // A number ends where something begins that is no part of it.
      if (this.#step(byte) === false) return i;
      if (this.#state === State.DONE) return i + 1;
    }
    return -1;
  }

  /** There is nothing more: throws JsonError unless what was read is a whole value. */
  finish(): void {
    if (this.#open.length === 0 && NUMBER_ENDS.has(this.#state)) return;
    if (this.#state !== State.DONE) throw new JsonError("unexpected EOF");
  }

  /** False: the byte is behind the end of a value at the outermost level. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case State.VALUE:
        return this.#beginValue(byte);
      case State.VALUE_OR_CLOSE:
        return byte === Byte.CLOSE_ARRAY ? this.#close() : this.#beginValue(byte);
      case State.NAME_OR_CLOSE:
        if (byte === Byte.CLOSE_OBJECT) return this.#close();
        return this.#beginName(byte);
      case State.NAME:
        return this.#beginName(byte);
      case State.COLON:
        if (byte !== Byte.COLON) throw unexpected(byte, "after object key");
        this.#state = State.VALUE;
        return true;
      case State.AFTER_MEMBER:
        if (byte === Byte.CLOSE_OBJECT) return this.#close();
        if (byte !== Byte.COMMA) throw unexpected(byte, "after object key:value pair");
        this.#state = State.NAME;
        return true;
      case State.AFTER_ELEMENT:
        if (byte === Byte.CLOSE_ARRAY) return this.#close();
        if (byte !== Byte.COMMA) throw unexpected(byte, "after array element");
        this.#state = State.VALUE;
        return true;
      case State.STRING:
        return this.#inString(byte);
      case State.ESCAPE:
        return this.#escape(byte);
      case State.HEX:
        return this.#hex(byte);
      case State.LITERAL:
        return this.#inLiteral(byte);
      default:
        return this.#inNumber(byte);
    }
  }

  #beginValue(byte: number): boolean {
    if (byte === Byte.QUOTE) return this.#beginString(false);
    if (byte === Byte.OPEN_OBJECT) return this.#openContainer(true);
    if (byte === Byte.OPEN_ARRAY) return this.#openContainer(false);
    if (byte === Byte.MINUS) this.#state = State.MINUS;
    else if (byte === Byte.ZERO) this.#state = State.ZERO;
    else if (isDigit(byte)) this.#state = State.DIGITS;
    else {
      const literal = LITERALS.get(String.fromCharCode(byte));
      if (literal === undefined) throw unexpected(byte, "looking for beginning of value");
      this.#literal = literal;
      this.#literalPosition = 1;
      this.#state = State.LITERAL;
    }
    return true;
  }

  #beginName(byte: number): boolean {
    if (byte !== Byte.QUOTE) throw unexpected(byte, "looking for beginning of object key string");
    return this.#beginString(true);
  }

  #beginString(isName: boolean): boolean {
    this.#isName = isName;
    this.#state = State.STRING;
    return true;
  }

  #openContainer(isObject: boolean): boolean {
    if (this.#open.length >= JSON_LIMITS.nestingDepth) throw new JsonError("exceeded max depth");
    this.#open.push(isObject);
    this.#state = isObject ? State.NAME_OR_CLOSE : State.VALUE_OR_CLOSE;
    return true;
  }

  #close(): boolean {
    this.#open.pop();
    this.#endValue();
    return true;
  }

  #endValue(): void {
    const { length } = this.#open;
    if (length === 0) this.#state = State.DONE;
    else this.#state = this.#open[length - 1] ? State.AFTER_MEMBER : State.AFTER_ELEMENT;
  }

  #inString(byte: number): boolean {
    if (byte === Byte.BACKSLASH) this.#state = State.ESCAPE;
    else if (byte !== Byte.QUOTE) throw unexpected(byte, "in string literal");
    else if (this.#isName) this.#state = State.COLON;
    else this.#endValue();
    return true;
  }

  #escape(byte: number): boolean {
    const letter = String.fromCharCode(byte);
    if (letter === "u") {
      this.#state = State.HEX;
      this.#hexDigitsLeft = HEX_DIGITS;
    } else if ('bfnrt\\/"'.includes(letter)) this.#state = State.STRING;
    else throw unexpected(byte, "in string escape code");
    return true;
  }

  #hex(byte: number): boolean {
    if (!/[0-9a-fA-F]/.test(String.fromCharCode(byte))) {
      throw unexpected(byte, "in \\u hexadecimal character escape");
    }
    if (--this.#hexDigitsLeft === 0) this.#state = State.STRING;
    return true;
  }

  #inLiteral(byte: number): boolean {
    const expected = this.#literal[this.#literalPosition++];
    if (byte !== expected.charCodeAt(0)) {
      throw unexpected(byte, `in literal ${this.#literal} (expecting '${expected}')`);
    }
    if (this.#literalPosition === this.#literal.length) this.#endValue();
    return true;
  }

  #inNumber(byte: number): boolean {
    const next = this.#nextInNumber(byte);
    if (next !== undefined) {
      this.#state = next;
      return true;
    }
    switch (this.#state) {
      case State.MINUS:
        throw unexpected(byte, "in numeric literal");
      case State.POINT:
        throw unexpected(byte, "after decimal point in numeric literal");
      case State.EXPONENT:
      case State.EXPONENT_SIGN:
        throw unexpected(byte, "in exponent of numeric literal");
    }
    this.#endValue();
    if (this.#state === State.DONE) return false;
    return isBlank(byte) || this.#step(byte);
  }

  #nextInNumber(byte: number): number | undefined {
    const digit = isDigit(byte);
    const isExponent = byte === 0x45 || byte === 0x65;
    switch (this.#state) {
      case State.MINUS:
        if (byte === Byte.ZERO) return State.ZERO;
        return digit ? State.DIGITS : undefined;
      case State.ZERO:
      case State.DIGITS:
        if (digit && this.#state === State.DIGITS) return State.DIGITS;
        if (byte === Byte.POINT) return State.POINT;
        return isExponent ? State.EXPONENT : undefined;
      case State.POINT:
        return digit ? State.FRACTION : undefined;
      case State.FRACTION:
        if (digit) return State.FRACTION;
        return isExponent ? State.EXPONENT : undefined;
      case State.EXPONENT:
        if (byte === Byte.PLUS || byte === Byte.MINUS) return State.EXPONENT_SIGN;
        return digit ? State.EXPONENT_DIGITS : undefined;
      default:
        return digit ? State.EXPONENT_DIGITS : undefined;
    }
  }
}

/** The position of the next byte that means something within a string, or `end`. */
function skipPlain(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end) {
    const byte = bytes[i];
    if (byte === Byte.QUOTE || byte === Byte.BACKSLASH || byte < Byte.SPACE) break;
    i++;
  }
  return i;
}

/** Go names a single byte by the character of that number. */
function unexpected(byte: number, where: string): JsonError {
  return new JsonError(`invalid character ${quoteByte(byte)} ${where}`);
}

function quoteByte(byte: number): string {
  if (byte === 0x27) return "'\\''";
  if (byte === Byte.QUOTE) return "'\"'";
  return `'${goQuote(String.fromCharCode(byte)).slice(1, -1)}'`;
}
