import { bytesFromText, latin1FromBytes } from "../../base/bytes.ts";
import { JSON_LIMITS } from "../limits.ts";
import type { Writer } from "../writer.ts";
import { decodeBase64, decodeLongBase64 } from "./base64.ts";
import { Byte, isDigit } from "./byte_classes.ts";
import type { JsonCursor } from "./json_cursor.ts";
import type { FieldType } from "./message_type.ts";
import { wholeNumber } from "./whole_number.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;
const INT32_MAX = 2n ** 31n - 1n;
const INT32_MIN = -(2n ** 31n);
const UINT32_MAX = 2n ** 32n - 1n;

const LETTER_T = 0x74;
const LETTER_F = 0x66;

/** Appends the value at the cursor, which is none of a message, to `writer`. */
export function readScalar(cursor: JsonCursor, field: FieldType, writer: Writer): void {
  cursor.next();
  switch (field.kind) {
    case "bytes":
      return readBytes(cursor, field, writer);
    case "string":
      return readString(cursor, field, writer);
    case "bool":
      return readBool(cursor, field, writer);
    case "enum":
      return readEnum(cursor, field, writer);
    default:
      return readNumber(cursor, field, writer);
  }
}

function readBytes(cursor: JsonCursor, field: FieldType, writer: Writer): void {
  const start = cursor.position;
  const { bytes } = cursor;
  if (bytes[start] !== Byte.QUOTE) throw cursor.invalidValue(field, start);
  if (readLongBytes(cursor, field, writer)) return;
  cursor.string();
  const end = cursor.position;
  let [source, from, to] = [bytes, start + 1, cursor.contentEnd];
  if (cursor.hasEscapes) {
    source = bytesFromText(cursor.unescaped(start, end));
    [from, to] = [0, source.length];
  }
  if (from === to && isDefaultHidden(field)) return;
  writer.tag(field.tag);
  if (!decodeBase64(source, from, to, writer)) throw cursor.invalidValue(field, start);
}

/** The runtime reads long values faster; false leaves everything as it was. */
function readLongBytes(cursor: JsonCursor, field: FieldType, writer: Writer): boolean {
  const start = cursor.position + 1;
  const end = cursor.bytes.indexOf(Byte.QUOTE, start);
  if (end < start + JSON_LIMITS.longBase64Bytes || end >= cursor.end) return false;
  const before = writer.position;
  writer.tag(field.tag);
  if (!decodeLongBase64(cursor.bytes, start, end, writer)) {
    writer.position = before;
    return false;
  }
  cursor.position = end + 1;
  return true;
}

function readString(cursor: JsonCursor, field: FieldType, writer: Writer): void {
  const start = cursor.position;
  if (cursor.bytes[start] !== Byte.QUOTE) throw cursor.invalidValue(field, start);
  cursor.string();
  const text = cursor.unescaped(start, cursor.position);
  if (text === "" && isDefaultHidden(field)) return;
  writer.tag(field.tag);
  writer.string(text);
}

function readBool(cursor: JsonCursor, field: FieldType, writer: Writer): void {
  const first = cursor.bytes[cursor.position];
  if (first !== LETTER_T && first !== LETTER_F) throw cursor.invalidValue(field, cursor.position);
  const value = first === LETTER_T;
  cursor.word(value ? "true" : "false");
  if (!value && isDefaultHidden(field)) return;
  if (!field.isPacked) writer.tag(field.tag);
  writer.bool(value);
}

function readEnum(cursor: JsonCursor, field: FieldType, writer: Writer): void {
  const start = cursor.position;
  let value: number | undefined;
  if (cursor.bytes[start] === Byte.QUOTE) {
    cursor.string();
    value = field.enumeration?.numbers.get(cursor.unescaped(start, cursor.position));
    // A name that is not known counts as if it were not there.
    if (value === undefined) return;
  } else {
    const number = wholeNumber(numberText(cursor, field));
    if (number === undefined || number > INT32_MAX || number < INT32_MIN) {
      throw cursor.invalidValue(field, start);
    }
    value = Number(number);
  }
  if (value === 0 && isDefaultHidden(field)) return;
  if (!field.isPacked) writer.tag(field.tag);
  writer.int32(value);
}

/** A number, or a string with a number in it, which is how most programs send 64 bits. */
function readNumber(cursor: JsonCursor, field: FieldType, writer: Writer): void {
  const start = cursor.position;
  let text: string;
  if (cursor.bytes[start] === Byte.QUOTE) {
    cursor.string();
    text = cursor.unescaped(start, cursor.position);
  } else text = numberText(cursor, field);
  const value = wholeNumber(text);
  if (value === undefined || !fits(field, value)) throw cursor.invalidValue(field, start);
  if (value === 0n && isDefaultHidden(field)) return;
  if (!field.isPacked) writer.tag(field.tag);
  writer.int64(value);
}

/** Goes over a number; what is no number throws. */
function numberText(cursor: JsonCursor, field: FieldType): string {
  const start = cursor.position;
  const first = cursor.bytes[start];
  if (first !== Byte.MINUS && !isDigit(first)) throw cursor.invalidValue(field, start);
  cursor.position = cursor.wordEnd(start);
  return latin1FromBytes(cursor.bytes, start, cursor.position);
}

/** Values of proto3 that are zero are not written, unless they stand in a list or a oneof. */
function isDefaultHidden(field: FieldType): boolean {
  return !field.isRepeated && field.oneof === undefined;
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
