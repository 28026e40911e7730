import { JSON_LIMITS } from "../limits.ts";
import type { Writer } from "../writer.ts";
import { Byte, isBlank } from "./byte_classes.ts";
import { JsonCursor, MALFORMED } from "./json_cursor.ts";
import { JsonError } from "./json_error.ts";
import { readScalar } from "./json_scalars.ts";
import { JsonSyntax } from "./json_syntax.ts";
import type { FieldType, MessageType } from "./message_type.ts";

const LETTER_N = 0x6e;

/** A message that has been begun and not ended. */
interface OpenMessage {
  readonly type: MessageType;
  /** What the writer gave for its begin; undefined for the outermost. */
  readonly writerStart: number | undefined;
  readonly seen: SeenFields;
  isEmpty: boolean;
}

/** A list that has been begun and not ended. */
interface OpenList {
  readonly type: undefined;
  readonly field: FieldType;
  readonly writerStart: number;
  isEmpty: boolean;
}

/**
 * Reads a JSON text in bytes[start, end) as a message, which it appends to `writer` as protobuf.
 * Blanks in front are skipped, and nothing but blanks is an empty message. Long texts are read in
 * steps.
 */
export class JsonReader {
  readonly #cursor: JsonCursor;
  readonly #writer: Writer;
  readonly #open: (OpenMessage | OpenList)[] = [];
  /** Goes over a value that nobody knows, from #skipStart on. */
  #skipping: JsonSyntax | undefined;
  #skipStart = 0;
  /** What is wrong; it is told when the syntax has been checked, which Go does first. */
  #failure: unknown;
  #checking: JsonSyntax | undefined;
  /** Whether the text is a value, but not an object. */
  readonly #isOtherValue: boolean;

  constructor(type: MessageType, bytes: Uint8Array, start: number, end: number, writer: Writer) {
    let first = start;
    while (first < end && isBlank(bytes[first])) first++;
    this.#cursor = new JsonCursor(bytes, first, end);
    this.#writer = writer;
    if (first < end) this.#guarded(() => this.#beginMessage(type, undefined));
    this.#isOtherValue = this.#checking !== undefined;
  }

  /** Where the text ends, once it has been read. */
  get position(): number {
    return this.#cursor.position;
  }

  /**
   * Reads on for about so many bytes; true when the message is complete. Throws JsonError with the
   * words that Go's gateway has for what is wrong.
   */
  step(sizeBytes: number): boolean {
    const cursor = this.#cursor;
    const until = cursor.position + sizeBytes;
    this.#guarded(() => {
      while (this.#open.length > 0 && cursor.position < until) this.#advance(until);
    });
    if (this.#checking !== undefined) return this.#check(this.#checking, until);
    return this.#open.length === 0;
  }

  /** Runs what may find something wrong. */
  #guarded(run: () => void): void {
    if (this.#checking !== undefined) return;
    try {
      run();
    } catch (error) {
      this.#failure = error;
      this.#checking = new JsonSyntax();
      this.#cursor.position = this.#cursor.start;
    }
  }

  /** Looks for what breaks the rules of JSON; without that the failure is one of meaning. */
  #check(syntax: JsonSyntax, until: number): false {
    const { bytes, start, position, end } = this.#cursor;
    const stop = Math.min(end, until);
    const valueEnd = syntax.read(bytes, position, stop);
    if (valueEnd < 0) {
      this.#cursor.position = stop;
      if (stop < end) return false;
      syntax.finish();
    } else if (this.#isOtherValue) {
      // Go looks no further than to where the value ends.
      throw new JsonCursor(bytes, start, valueEnd).unexpectedToken();
    }
    throw this.#failure === MALFORMED ? new JsonError("unexpected EOF") : this.#failure;
  }

  /** Reads what comes next: a member, an element, an end, or a piece of what nobody knows. */
  #advance(until: number): void {
    if (this.#skipping !== undefined) return this.#skip(this.#skipping, until);
    const open = this.#open[this.#open.length - 1];
    const byte = this.#cursor.next();
    const isEnd = byte === (open.type === undefined ? Byte.CLOSE_ARRAY : Byte.CLOSE_OBJECT);
    if (isEnd) return this.#end(open);
    if (!open.isEmpty) {
      if (byte !== Byte.COMMA) throw MALFORMED;
      this.#cursor.position++;
    }
    open.isEmpty = false;
    if (open.type === undefined) this.#value(open.field);
    else this.#member(open);
  }

  #beginMessage(type: MessageType, writerStart: number | undefined): void {
    const cursor = this.#cursor;
    if (cursor.next() !== Byte.OPEN_OBJECT) throw cursor.unexpectedToken();
    if (this.#open.length > JSON_LIMITS.openDepth) {
      throw new JsonError("proto: exceeded max recursion depth");
    }
    cursor.position++;
    this.#open.push({ type, writerStart, seen: new SeenFields(), isEmpty: true });
  }

  #beginList(field: FieldType): void {
    const cursor = this.#cursor;
    if (cursor.next() !== Byte.OPEN_ARRAY) throw cursor.unexpectedToken();
    cursor.position++;
    let writerStart = 0;
    // An empty run would be written as one.
    if (field.isPacked && cursor.next() !== Byte.CLOSE_ARRAY) {
      this.#writer.tag(field.tag);
      writerStart = this.#writer.beginMessage();
    }
    this.#open.push({ type: undefined, field, writerStart, isEmpty: true });
  }

  #end(open: OpenMessage | OpenList): void {
    this.#cursor.position++;
    this.#open.pop();
    const isWritten = open.type === undefined
      ? open.field.isPacked && !open.isEmpty
      : open.writerStart !== undefined;
    if (isWritten) this.#writer.endMessage(open.writerStart ?? 0);
  }

  #member({ type, seen }: OpenMessage): void {
    const cursor = this.#cursor;
    if (cursor.next() !== Byte.QUOTE) throw MALFORMED;
    const nameStart = cursor.position;
    const name = cursor.name();
    const nameEnd = cursor.position;
    if (cursor.next() !== Byte.COLON) throw MALFORMED;
    cursor.position++;
    const field = type.byName.get(name);
    if (field === undefined) {
      this.#skipping = new JsonSyntax();
      this.#skipStart = cursor.position;
      return;
    }
    if (!seen.add(field)) {
      throw cursor.error(nameStart, `duplicate field ${cursor.raw(nameStart, nameEnd)}`);
    }
    if (cursor.next() === LETTER_N) return cursor.word("null");
    if (field.isRepeated) return this.#beginList(field);
    if (!seen.addOneof(field)) {
      const what = cursor.raw(nameStart, nameEnd);
      throw cursor.error(nameStart, `error parsing ${what}, oneof ${field.oneof} is already set`);
    }
    this.#value(field);
  }

  /** A value that is no list, or one of a list. */
  #value(field: FieldType): void {
    if (field.message === undefined) return readScalar(this.#cursor, field, this.#writer);
    this.#writer.tag(field.tag);
    this.#beginMessage(field.message, this.#writer.beginMessage());
  }

  #skip(syntax: JsonSyntax, until: number): void {
    const cursor = this.#cursor;
    const stop = Math.min(cursor.end, until);
    const end = syntax.read(cursor.bytes, cursor.position, stop);
    if (end < 0) {
      if (stop === cursor.end) throw MALFORMED;
      cursor.position = stop;
      return;
    }
    this.#skipping = undefined;
    cursor.position = this.#skipStart;
    cursor.checkStrings(end);
  }
}

/** Reads a whole text at once; returns the position behind it. Throws JsonError. */
export function readJsonMessage(
  type: MessageType,
  bytes: Uint8Array,
  start: number,
  end: number,
  writer: Writer,
): number {
  const reader = new JsonReader(type, bytes, start, end, writer);
  while (!reader.step(Infinity));
  return reader.position;
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
