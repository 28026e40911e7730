import {
  bytesFromLatin1,
  bytesFromText,
  latin1FromBytes,
  textFromBytes,
} from "../../../base/bytes.ts";

/** A key or a value as a program has it: text, which travels as UTF-8, or bytes. */
export type BytesLike = string | Uint8Array;

/** The bytes of a key or value. */
export function toBytes(value: BytesLike): Uint8Array {
  return typeof value === "string" ? bytesFromText(value) : value;
}

/** A key in the form that requests carry: one character a byte. */
export function toKey(key: BytesLike): string {
  return latin1FromBytes(toBytes(key));
}

/** The text of a key that a response carried. */
export function keyText(key: string): string {
  return textFromBytes(bytesFromLatin1(key));
}

/**
 * The end of the range of all keys that begin with `prefix`, for {@linkcode KeyRange.rangeEnd} of
 * another first key. (Alone, {@linkcode KeyRange.prefix} says the same.) The one zero byte that
 * comes of an empty prefix is etcd's "to the very end".
 *
 * @example All keys that begin with `a/`, from `a/m` on
 * ```ts
 * import { newMemoryConfig, prefixEnd, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * for (const key of ["a/b", "a/x", "b"]) await client.put(key, "");
 * const { count } = await client.range("a/m", { rangeEnd: prefixEnd("a/") });
 * if (count !== 1) throw new Error(`found ${count}`);
 * ```
 */
export function prefixEnd(prefix: BytesLike): Uint8Array {
  return bytesFromLatin1(latin1PrefixEnd(toKey(prefix)));
}

/** The same in the form that requests carry. */
export function latin1PrefixEnd(prefix: string): string {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const code = prefix.charCodeAt(i);
    if (code < 0xff) return prefix.slice(0, i) + String.fromCharCode(code + 1);
  }
  return "\0";
}

/** Which keys a call means, besides the one key it names. */
export interface KeyRange {
  /** All keys that begin with the key; the empty key means all keys. */
  readonly prefix?: boolean;
  /** All keys from the key on, to the very end. */
  readonly fromKey?: boolean;
  /** All keys from the key on, up to but not including this one. */
  readonly rangeEnd?: BytesLike;
}

/** The two ends of a range as requests carry them. */
export function toRange(key: BytesLike, range: KeyRange): { key: string; rangeEnd: string } {
  const start = toKey(key);
  // etcd writes "from the very first key" as "\0", because an empty key is refused.
  if (range.prefix) return { key: start === "" ? "\0" : start, rangeEnd: latin1PrefixEnd(start) };
  if (range.fromKey) return { key: start === "" ? "\0" : start, rangeEnd: "\0" };
  return { key: start, rangeEnd: range.rangeEnd === undefined ? "" : toKey(range.rangeEnd) };
}
