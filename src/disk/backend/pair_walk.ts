import { DecodeError } from "../../pb/decode_error.ts";
import type { Cursor } from "../btree/cursor.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { pairDamage } from "./pair_damage.ts";
import { decodeUint64, UINT64_BYTES } from "./schema.ts";

/** One pair of a bucket; valid until the walk goes on. */
export interface KeyAndValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What is wrong with the pair that is being read; the walk adds which one that is. */
export class BadValue extends Error {
  override name = "BadValue";
}

/** What `map` makes of every pair of a bucket. */
export function mapPairs<T>(
  read: ReadTransaction,
  bucket: string,
  map: (pair: KeyAndValue) => T,
): T[] {
  const all: T[] = [];
  forEachPair(read, bucket, (pair) => all.push(map(pair)));
  return all;
}

/** A bucket that is missing has no pairs. */
export function forEachPair(
  read: ReadTransaction,
  bucket: string,
  visit: (pair: KeyAndValue) => void,
): void {
  const cursor = read.bucket(bucket)?.cursor();
  if (cursor === undefined) return;
  for (let found = cursor.first(); found; found = cursor.next()) {
    try {
      if (cursor.isBucket) throw new BadValue("it is a bucket");
      visit(cursor);
    } catch (error) {
      throw damageFrom(read, bucket, cursor, error);
    }
  }
}

/** The value as a number; throws BadValue if it is none. */
export function toUint64Number(value: Uint8Array): number {
  checkLength(value, UINT64_BYTES);
  const number = Number(decodeUint64(value));
  if (!Number.isSafeInteger(number)) throw new BadValue(`${number} is too large a number`);
  return number;
}

/** Throws BadValue if the bytes are not so many. */
export function checkLength(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new BadValue(`it has ${bytes.length} bytes instead of ${length}`);
  }
}

function damageFrom(
  read: ReadTransaction,
  bucket: string,
  cursor: Cursor,
  cause: unknown,
): unknown {
  const isOfTheValue = cause instanceof BadValue || cause instanceof DecodeError ||
    cause instanceof SyntaxError;
  return isOfTheValue ? pairDamage(read, bucket, cursor, cause.message) : cause;
}
