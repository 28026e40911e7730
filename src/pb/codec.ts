import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** Turns messages of one type into bytes and back. */
export interface MessageCodec<T> {
  /** A message with the given fields; the others have their protobuf defaults. */
  create(fields?: Partial<T>): T;
  /** The message's bytes, in an array of their own. */
  encode(message: T): Uint8Array;
  /** Appends the message's bytes. */
  write(message: T, writer: Writer): void;
  /**
   * Reads the message in `bytes[start, end)`. Unknown fields are skipped; `bytes` fields are views
   * of the input. Throws DecodeError.
   */
  decode(bytes: Uint8Array, start?: number, end?: number): T;
}

/** Nothing is kept in it between two calls, and no call of encode or decode starts inside another. */
const sharedWriter = new Writer();
const sharedReader = new Reader();

/** Makes a codec from the functions that the generator emits for a message type. */
export function newCodec<T extends object>(
  empty: () => T,
  write: (message: T, writer: Writer) => void,
  read: (reader: Reader, message: T, end: number) => T,
  extraNesting = 0,
): MessageCodec<T> {
  return {
    create(fields?: Partial<T>): T {
      return fields === undefined ? empty() : Object.assign(empty(), fields);
    },
    encode(message: T): Uint8Array {
      sharedWriter.reset();
      write(message, sharedWriter);
      return sharedWriter.finish();
    },
    write,
    decode(bytes: Uint8Array, start = 0, end: number = bytes.length): T {
      return read(sharedReader, empty(), sharedReader.open(bytes, start, end, extraNesting));
    },
  };
}
