import { EMPTY_BYTES, latin1FromBytes } from "../../base/bytes.ts";
import { HPACK_LIMITS } from "../limits.ts";
import { BlockCache } from "./block_cache.ts";
import { DynamicTable, fieldSizeBytes } from "./dynamic_table.ts";
import { HeaderList } from "./header_list.ts";
import { HpackError } from "./hpack_error.ts";
import { decodeHuffman } from "./huffman.ts";
import { STATIC_ENTRY_COUNT, STATIC_FIELDS } from "./static_table.ts";

export { HeaderList } from "./header_list.ts";
export { HpackError } from "./hpack_error.ts";

interface HpackDecoderOptions {
  /** What this side announces as SETTINGS_HEADER_TABLE_SIZE. */
  maxTableSizeBytes: number;
  /** What this side announces as SETTINGS_MAX_HEADER_LIST_SIZE. */
  maxListSizeBytes: number;
}

/** Decodes the header blocks of one connection, in the order in which they arrived. */
export class HpackDecoder {
  readonly #maxTableSizeBytes: number;
  readonly #maxListSizeBytes: number;
  readonly #table: DynamicTable;
  readonly #cache = new BlockCache();

  // The block being decoded, and where its next octet is.
  #bytes: Uint8Array = EMPTY_BYTES;
  #position = 0;
  #end = 0;

  // The list being collected.
  #fields: string[] = [];
  #listSizeBytes = 0;

  constructor(options: HpackDecoderOptions) {
    this.#maxTableSizeBytes = options.maxTableSizeBytes;
    this.#maxListSizeBytes = options.maxListSizeBytes;
    this.#table = new DynamicTable(options.maxTableSizeBytes);
  }

  get tableSizeBytes(): number {
    return this.#table.sizeBytes;
  }

  get tableEntryCount(): number {
    return this.#table.count;
  }

  /**
   * Decodes bytes[start, end), a whole header block. Blocks that change nothing in the dynamic
   * table give the same HeaderList again while the table stays as it is. Throws HpackError, after
   * which the decoder must not be used any more. A list beyond the bound comes back with
   * `tooLarge` set and the decoder stays usable.
   */
  decode(block: Uint8Array, start: number, end: number): HeaderList {
    const generation = this.#table.generation;
    const known = this.#cache.find(block, start, end, generation);
    if (known !== undefined) return known;
    this.#bytes = block;
    this.#position = start;
    this.#end = end;
    this.#fields = [];
    this.#listSizeBytes = 0;
    this.#readTableSizeUpdates();
    while (this.#position < end) this.#readField();
    // An idle connection must not hold the chunk that its last block came in.
    this.#bytes = EMPTY_BYTES;
    const list = new HeaderList(this.#fields, this.#listSizeBytes > this.#maxListSizeBytes);
    if (!list.tooLarge && this.#table.generation === generation) {
      this.#cache.store(block, start, end, generation, list);
    }
    return list;
  }

  #readTableSizeUpdates(): void {
    while (this.#position < this.#end && (this.#bytes[this.#position] & 0xe0) === 0x20) {
      const sizeBytes = this.#readInteger(0x1f);
      if (sizeBytes > this.#maxTableSizeBytes) {
        throw new HpackError("table size update is larger than the announced table size");
      }
      this.#table.resize(sizeBytes);
    }
  }

  #readField(): void {
    const first = this.#bytes[this.#position];
    if (first >= 0x80) {
      const index = this.#readInteger(0x7f);
      this.#add(this.#nameAt(index), this.#valueAt(index));
    } else if (first >= 0x40) {
      const name = this.#readName(0x3f);
      const value = this.#readString();
      this.#table.insert(name, value);
      this.#add(name, value);
    } else if (first >= 0x20) {
      throw new HpackError("table size update is not at the beginning of its block");
    } else {
      const name = this.#readName(0x0f);
      this.#add(name, this.#readString());
    }
  }

  #add(name: string, value: string): void {
    this.#listSizeBytes += fieldSizeBytes(name, value);
    if (this.#listSizeBytes <= this.#maxListSizeBytes) this.#fields.push(name, value);
  }

  #readName(prefixMask: number): string {
    if ((this.#bytes[this.#position] & prefixMask) !== 0) {
      return this.#nameAt(this.#readInteger(prefixMask));
    }
    this.#position++;
    return this.#readString();
  }

  #nameAt(index: number): string {
    if (index > STATIC_ENTRY_COUNT) return this.#table.name(this.#dynamicPosition(index));
    if (index === 0) throw new HpackError("index is zero");
    return STATIC_FIELDS[index * 2 - 2];
  }

  #valueAt(index: number): string {
    if (index > STATIC_ENTRY_COUNT) return this.#table.value(this.#dynamicPosition(index));
    return STATIC_FIELDS[index * 2 - 1];
  }

  #dynamicPosition(index: number): number {
    const position = index - STATIC_ENTRY_COUNT - 1;
    if (position >= this.#table.count) throw new HpackError("index is beyond the tables");
    return position;
  }

  #readString(): string {
    if (this.#position >= this.#end) throw new HpackError("block ends before a string");
    const huffman = this.#bytes[this.#position] >= 0x80;
    const length = this.#readInteger(0x7f);
    const start = this.#position;
    const end = start + length;
    if (end > this.#end) throw new HpackError("block ends within a string");
    this.#position = end;
    if (huffman) return decodeHuffman(this.#bytes, start, end);
    return latin1FromBytes(this.#bytes, start, end);
  }

  #readInteger(prefixMask: number): number {
    const prefix = this.#bytes[this.#position++] & prefixMask;
    if (prefix < prefixMask) return prefix;
    let value = prefixMask;
    let factor = 1;
    for (let octets = 0; octets < HPACK_LIMITS.maxIntegerOctets; octets++) {
      if (this.#position >= this.#end) throw new HpackError("block ends within an integer");
      const octet = this.#bytes[this.#position++];
      value += (octet & 0x7f) * factor;
      if (octet < 0x80) return value;
      factor *= 128;
    }
    throw new HpackError("integer has too many octets");
  }
}
