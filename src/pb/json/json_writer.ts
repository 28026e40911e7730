import { DecodeError } from "../decode_error.ts";
import { Byte } from "./byte_classes.ts";
import type { JsonText } from "./json_text.ts";
import type { FieldType, MessageType } from "./message_type.ts";

const WIRE_VARINT = 0;
const WIRE_LENGTH = 2;
const TWO_TO_32 = 0x1_0000_0000;
const LARGEST_SAFE_HIGH = 0x20_0000;

/** A message that has been begun and not ended. */
interface Level {
  readonly type: MessageType;
  readonly end: number;
  /** The repeated field whose list is open. */
  list: FieldType | undefined;
  isEmpty: boolean;
}

/**
 * Writes a protobuf message as JSON by the rules of protojson, with the names of the .proto files,
 * and without what is zero. Long messages are written in steps. The bytes must come from writers of
 * this program: those put the elements of a list one behind the other.
 */
export class JsonWriter {
  readonly #bytes: Uint8Array;
  readonly #text: JsonText;
  readonly #levels: Level[] = [];
  #position: number;
  /** The halves of the last varint. */
  #low = 0;
  #high = 0;

  /** Begins to write the message in bytes[start, end). */
  constructor(type: MessageType, bytes: Uint8Array, start: number, end: number, text: JsonText) {
    this.#bytes = bytes;
    this.#position = start;
    this.#text = text;
    this.#begin(type, end);
  }

  /** Writes on until the text has this length; true when the message is complete. */
  step(untilLength: number): boolean {
    const levels = this.#levels;
    while (levels.length > 0) {
      const level = levels[levels.length - 1];
      if (this.#position < level.end) this.#field(level);
      else this.#end(level);
      if (this.#text.length >= untilLength) return levels.length === 0;
    }
    return true;
  }

  #begin(type: MessageType, end: number): void {
    this.#text.byte(Byte.OPEN_OBJECT);
    this.#levels.push({ type, end, list: undefined, isEmpty: true });
  }

  #end(level: Level): void {
    if (level.list !== undefined) this.#text.byte(Byte.CLOSE_ARRAY);
    this.#text.byte(Byte.CLOSE_OBJECT);
    this.#levels.pop();
  }

  #field(level: Level): void {
    const tag = this.#uint32();
    const field = level.type.field(tag >>> 3);
    if (field === undefined) return this.#skip(tag & 7);
    if (!field.isRepeated) return this.#single(level, field);
    this.#openList(level, field);
    if ((tag & 7) === WIRE_LENGTH && field.isPacked) this.#run(field);
    else this.#value(field);
  }

  #single(level: Level, field: FieldType): void {
    if (field.oneof === undefined && this.#skipsZero(field)) return;
    this.#beginMember(level, field);
    this.#value(field);
  }

  /** Goes over a value that is not shown because it is the one that a missing field has. */
  #skipsZero(field: FieldType): boolean {
    if (field.kind === "message" || this.#bytes[this.#position] !== 0) return false;
    this.#position++;
    return true;
  }

  #beginMember(level: Level, field: FieldType): void {
    const text = this.#text;
    if (level.list !== undefined) {
      text.byte(Byte.CLOSE_ARRAY);
      level.list = undefined;
    }
    if (!level.isEmpty) text.byte(Byte.COMMA);
    level.isEmpty = false;
    text.raw(field.prefix);
  }

  /** Begins the list of a field, or its next element. */
  #openList(level: Level, field: FieldType): void {
    if (level.list === field) {
      this.#text.byte(Byte.COMMA);
      return;
    }
    this.#beginMember(level, field);
    this.#text.byte(Byte.OPEN_ARRAY);
    level.list = field;
  }

  /** Values that share a run of bytes. */
  #run(field: FieldType): void {
    const end = this.#lengthEnd();
    let isFirst = true;
    while (this.#position < end) {
      if (!isFirst) this.#text.byte(Byte.COMMA);
      isFirst = false;
      this.#number(field);
    }
  }

  #value(field: FieldType): void {
    if (field.message !== undefined) {
      const end = this.#lengthEnd();
      this.#begin(field.message, end);
    } else if (field.kind === "bytes" || field.kind === "string") {
      const end = this.#lengthEnd();
      const start = this.#position;
      this.#position = end;
      if (field.kind === "bytes") this.#text.base64(this.#bytes, start, end);
      else this.#text.string(this.#bytes, start, end);
    } else this.#number(field);
  }

  #number(field: FieldType): void {
    this.#varint();
    const text = this.#text;
    switch (field.kind) {
      case "bool":
        return text.ascii(this.#low === 0 && this.#high === 0 ? "false" : "true");
      case "enum":
        return this.#enum(field, this.#low | 0);
      case "int32":
        return text.ascii(String(this.#low | 0));
      case "uint32":
        return text.ascii(String(this.#low));
    }
    // 64 bits are more than programs that read numbers of JSON can hold.
    text.byte(Byte.QUOTE);
    text.ascii(this.#wholeNumber(field.kind === "int64"));
    text.byte(Byte.QUOTE);
  }

  #wholeNumber(isSigned: boolean): string {
    if (this.#high < LARGEST_SAFE_HIGH) return String(this.#high * TWO_TO_32 + this.#low);
    const whole = (BigInt(this.#high) << 32n) | BigInt(this.#low);
    return String(isSigned ? BigInt.asIntN(64, whole) : whole);
  }

  #enum({ enumeration }: FieldType, value: number): void {
    const name = enumeration?.names.get(value);
    this.#text.ascii(name === undefined ? String(value) : `"${name}"`);
  }

  #skip(wire: number): void {
    if (wire === WIRE_VARINT) this.#varint();
    else if (wire === WIRE_LENGTH) this.#position = this.#lengthEnd();
    else throw new DecodeError(`a field has the unexpected wire type ${wire}`);
  }

  #lengthEnd(): number {
    const length = this.#uint32();
    const end = this.#position + length;
    const { length: depth } = this.#levels;
    if (end > this.#levels[depth - 1].end) throw new DecodeError("the message ends too early");
    return end;
  }

  #uint32(): number {
    this.#varint();
    return this.#low;
  }

  #varint(): void {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    let shift = 0;
    for (;;) {
      if (this.#position >= bytes.length) throw new DecodeError("the message ends too early");
      const byte = bytes[this.#position++];
      const group = byte & 0x7f;
      if (shift < 28) low |= group << shift;
      else if (shift === 28) {
        low |= group << 28;
        high = group >>> 4;
      } else high |= group << (shift - 32);
      if (byte < 0x80) break;
      shift += 7;
    }
    this.#low = low >>> 0;
    this.#high = high >>> 0;
  }
}
