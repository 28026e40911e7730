import { writeLatin1 } from "../../base/bytes.ts";
import { HPACK_LIMITS } from "../limits.ts";
import { DynamicTable, fieldSizeBytes } from "./dynamic_table.ts";
import { huffmanLength, writeHuffman } from "./huffman.ts";
import { STATIC_ENTRY_COUNT, STATIC_FIELDS, STATIC_INDEX_OF_NAME } from "./static_table.ts";

const TABLE_SIZE_BYTES = HPACK_LIMITS.encoderTableBytes;
const LARGEST_INDEXED_FIELD_BYTES = HPACK_LIMITS.maxIndexedFieldBytes;
const CACHED_LIST_COUNT = HPACK_LIMITS.cachedLists;
const LONGEST_CACHED_OCTETS = HPACK_LIMITS.maxCachedListBytes;

/** An integer of up to 2^31 takes at most this many octets. */
const LONGEST_INTEGER_OCTETS = 6;

/** At most two table size updates stand before the first field. */
const LONGEST_SIZE_UPDATES_OCTETS = 2 * LONGEST_INTEGER_OCTETS;

/** Fields whose values seldom come twice; keeping them would only push out those that do. */
const VARYING_NAMES: ReadonlySet<string> = new Set([
  ":path",
  "age",
  "content-length",
  "date",
  "etag",
  "grpc-message",
  "grpc-status-details-bin",
  "grpc-timeout",
  "last-modified",
  "location",
]);

/** Fields that no intermediary may compress either: RFC 7541 section 7.1.3. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "set-cookie",
  "token",
]);

/** The most bytes that encode() can write for these fields. */
export function maxEncodedLength(fields: readonly string[]): number {
  let length = LONGEST_SIZE_UPDATES_OCTETS;
  for (let i = 0; i < fields.length; i++) length += fields[i].length + LONGEST_INTEGER_OCTETS;
  return length;
}

/** Encodes the header blocks of one connection, in the order in which they are sent. */
export class HpackEncoder {
  readonly #table = new DynamicTable(TABLE_SIZE_BYTES);
  readonly #cache: CachedList[] = [];
  #nextCached = 0;

  // What the next block has to announce: the smallest size since the last block, if it changed.
  #sizeUpdatePending = false;
  #smallestSizeBytes = TABLE_SIZE_BYTES;

  /** Takes the peer's SETTINGS_HEADER_TABLE_SIZE. */
  setMaxTableSize(sizeBytes: number): void {
    const used = Math.min(sizeBytes, TABLE_SIZE_BYTES);
    if (used === this.#table.maxSizeBytes) return;
    this.#smallestSizeBytes = this.#sizeUpdatePending
      ? Math.min(this.#smallestSizeBytes, used)
      : used;
    this.#sizeUpdatePending = true;
    this.#table.resize(used);
  }

  /**
   * Writes the block of these fields (name, value, name, value ...; latin1, lower case names) at
   * `offset`, where the caller has made sure of maxEncodedLength(fields) bytes, and returns the
   * offset behind it. A list that is the same object as before, and must then have the same
   * contents, is copied from the cache.
   */
  encode(fields: readonly string[], target: Uint8Array, offset: number): number {
    if (this.#sizeUpdatePending) offset = this.#writeSizeUpdates(target, offset);
    const generation = this.#table.generation;
    const cached = this.#findCached(fields, generation);
    if (cached !== undefined) {
      const bytes = cached.bytes;
      for (let i = 0; i < cached.length; i++) target[offset + i] = bytes[i];
      return offset + cached.length;
    }
    const start = offset;
    for (let i = 0; i < fields.length; i += 2) {
      offset = this.#writeField(fields[i], fields[i + 1], target, offset);
    }
    if (this.#table.generation === generation) this.#remember(fields, target, start, offset);
    return offset;
  }

  #findCached(fields: readonly string[], generation: number): CachedList | undefined {
    const cache = this.#cache;
    for (let i = 0; i < cache.length; i++) {
      if (cache[i].fields === fields && cache[i].generation === generation) return cache[i];
    }
    return undefined;
  }

  #remember(fields: readonly string[], target: Uint8Array, start: number, end: number): void {
    // Two octets a field: without literals, whose lists seldom come again.
    if (end - start > Math.min(fields.length, LONGEST_CACHED_OCTETS)) return;
    let entry = this.#cache[this.#nextCached];
    if (entry === undefined) {
      entry = new CachedList();
      this.#cache.push(entry);
    }
    this.#nextCached = (this.#nextCached + 1) % CACHED_LIST_COUNT;
    entry.set(fields, this.#table.generation, target, start, end);
  }

  #writeSizeUpdates(target: Uint8Array, offset: number): number {
    const finalSizeBytes = this.#table.maxSizeBytes;
    if (this.#smallestSizeBytes < finalSizeBytes) {
      offset = writeInteger(this.#smallestSizeBytes, 0x20, 0x1f, target, offset);
    }
    this.#sizeUpdatePending = false;
    return writeInteger(finalSizeBytes, 0x20, 0x1f, target, offset);
  }

  #writeField(name: string, value: string, target: Uint8Array, offset: number): number {
    const nameIndex = STATIC_INDEX_OF_NAME.get(name) ?? 0;
    if (SECRET_NAMES.has(name)) {
      return writeLiteral(0x10, 0x0f, nameIndex, name, value, target, offset);
    }
    const index = this.#indexOf(nameIndex, name, value);
    if (index > 0) return writeInteger(index, 0x80, 0x7f, target, offset);
    const nameReference = nameIndex > 0 ? nameIndex : -index;
    if (!this.#isWorthKeeping(name, value)) {
      return writeLiteral(0x00, 0x0f, nameReference, name, value, target, offset);
    }
    offset = writeLiteral(0x40, 0x3f, nameReference, name, value, target, offset);
    this.#table.insert(name, value);
    return offset;
  }

  /** The index of the field; negative: the index of its name in the dynamic table; 0: neither. */
  #indexOf(staticNameIndex: number, name: string, value: string): number {
    for (let i = staticNameIndex * 2; i > 0 && STATIC_FIELDS[i - 2] === name; i += 2) {
      if (STATIC_FIELDS[i - 1] === value) return i / 2;
    }
    const table = this.#table;
    let nameIndex = 0;
    for (let position = 0; position < table.count; position++) {
      if (table.name(position) !== name) continue;
      nameIndex = STATIC_ENTRY_COUNT + 1 + position;
      if (table.value(position) === value) return nameIndex;
    }
    return -nameIndex;
  }

  #isWorthKeeping(name: string, value: string): boolean {
    const mostBytes = Math.min(LARGEST_INDEXED_FIELD_BYTES, this.#table.maxSizeBytes);
    return fieldSizeBytes(name, value) <= mostBytes && !VARYING_NAMES.has(name);
  }
}

class CachedList {
  readonly bytes: Uint8Array = new Uint8Array(LONGEST_CACHED_OCTETS);
  fields: readonly string[] = [];
  length = 0;
  generation = -1;

  set(
    fields: readonly string[],
    generation: number,
    encoded: Uint8Array,
    start: number,
    end: number,
  ): void {
    for (let i = start; i < end; i++) this.bytes[i - start] = encoded[i];
    this.length = end - start;
    this.fields = fields;
    this.generation = generation;
  }
}

function writeLiteral(
  pattern: number,
  prefixMask: number,
  nameIndex: number,
  name: string,
  value: string,
  target: Uint8Array,
  offset: number,
): number {
  offset = writeInteger(nameIndex, pattern, prefixMask, target, offset);
  if (nameIndex === 0) offset = writeString(name, target, offset);
  return writeString(value, target, offset);
}

function writeString(text: string, target: Uint8Array, offset: number): number {
  const length = huffmanLength(text);
  if (length < text.length) {
    offset = writeInteger(length, 0x80, 0x7f, target, offset);
    return writeHuffman(text, target, offset);
  }
  offset = writeInteger(text.length, 0x00, 0x7f, target, offset);
  return writeLatin1(text, target, offset);
}

function writeInteger(
  value: number,
  pattern: number,
  prefixMask: number,
  target: Uint8Array,
  offset: number,
): number {
  if (value < prefixMask) {
    target[offset] = pattern | value;
    return offset + 1;
  }
  target[offset++] = pattern | prefixMask;
  let rest = value - prefixMask;
  while (rest >= 0x80) {
    target[offset++] = 0x80 | (rest & 0x7f);
    rest >>>= 7;
  }
  target[offset] = rest;
  return offset + 1;
}
