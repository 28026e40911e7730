import { Reader } from "../../pb/reader.ts";
import { OperationField } from "./field.ts";

/** Where the command of a normal log entry lies. */
export interface EntryLayout {
  /**
   * Whether the entry is a bare request of the v2 API instead of an InternalRaftRequest; then it
   * is the command itself.
   */
  readonly isBareV2: boolean;
  /** The operation's field number in InternalRaftRequest; 0 when there is none. */
  readonly field: number;
  /** The operation's bytes in the entry. */
  readonly start: number;
  readonly end: number;
  /** The header's bytes in the entry, which tell in whose name it is; empty if there is none. */
  readonly headerStart: number;
  readonly headerEnd: number;
}

/** Fields of InternalRaftRequest that are no operations. */
const ID_FIELD = 1;
const HEADER_FIELD = 100;
const WIRE_LENGTH = 2;

/**
 * A bare request of the v2 API has its method in the field where InternalRaftRequest has a whole
 * embedded request, and none of these texts can be parsed as one.
 */
const V2_METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "QGET",
  "SYNC",
]);
const LONGEST_V2_METHOD = 6;

/** Nothing is kept in it between two calls. */
const reader = new Reader();

/** Finds the command without decoding it. Throws DecodeError when the entry is malformed. */
export function layoutOf(data: Uint8Array): EntryLayout {
  const entryEnd = reader.open(data, 0, data.length, 0);
  let isBareV2 = false;
  let field = 0;
  let start = 0;
  let end = 0;
  let headerStart = 0;
  let headerEnd = 0;
  while (reader.position < entryEnd) {
    const tag = reader.tag();
    const number = tag >>> 3;
    if ((tag & 7) !== WIRE_LENGTH || number === ID_FIELD) {
      reader.skip(tag, []);
      continue;
    }
    const bytes = reader.bytes();
    if (number === HEADER_FIELD) {
      headerEnd = reader.position;
      headerStart = headerEnd - bytes.length;
      continue;
    }
    field = number;
    end = reader.position;
    start = end - bytes.length;
    if (number === OperationField.V2 && isV2Method(bytes)) isBareV2 = true;
  }
  return { isBareV2, field, start, end, headerStart, headerEnd };
}

function isV2Method(bytes: Uint8Array): boolean {
  return bytes.length <= LONGEST_V2_METHOD && V2_METHODS.has(String.fromCharCode(...bytes));
}
