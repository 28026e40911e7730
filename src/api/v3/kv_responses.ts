import type { KeyValueRef } from "../../core/mvcc/change.ts";
import type {
  DeleteRangeResult,
  OpResult,
  PutResult,
  RangeResult,
  TxnResult,
} from "../../core/mvcc/store.ts";
import type { Writer } from "../../pb/writer.ts";
import type { ResponseHeaderWriter } from "./response_header.ts";

/**
 * The KV responses, written field by field so that the pairs' stored bytes are copied as they
 * are. Tags are (field number << 3) | wire type.
 */
const RANGE_KVS_TAG = 0x12;
const RANGE_MORE_TAG = 0x18;
const RANGE_COUNT_TAG = 0x20;
const PUT_PREV_KV_TAG = 0x12;
const DELETE_DELETED_TAG = 0x10;
const DELETE_PREV_KVS_TAG = 0x1a;
const TXN_SUCCEEDED_TAG = 0x10;
const TXN_RESPONSES_TAG = 0x1a;
const OP_RANGE_TAG = 0x0a;
const OP_PUT_TAG = 0x12;
const OP_DELETE_RANGE_TAG = 0x1a;
const OP_TXN_TAG = 0x22;
const HEADER_TAG = 0x0a;
const HEADER_REVISION_TAG = 0x18;

/** A range response: header, pairs, and what the limit cut off. */
export function writeRangeResponse(
  writer: Writer,
  header: ResponseHeaderWriter,
  result: RangeResult,
): void {
  header.write(writer);
  writeRangeFields(writer, result);
}

/** Everything of a range response but its header. */
export function writeRangeFields(writer: Writer, result: RangeResult): void {
  writeRangeKeyValues(writer, result.kvs);
  writeRangeTail(writer, result);
}

/** What stands behind the pairs: whether there are more, and how many there are in all. */
export function writeRangeTail(writer: Writer, result: RangeResult): void {
  if (result.more) {
    writer.tag(RANGE_MORE_TAG);
    writer.bool(true);
  }
  if (result.count !== 0) {
    writer.tag(RANGE_COUNT_TAG);
    writer.int64Number(result.count);
  }
}

/** The pairs alone. */
export function writeRangeKeyValues(writer: Writer, kvs: readonly KeyValueRef[]): void {
  for (const kv of kvs) writeKeyValue(writer, RANGE_KVS_TAG, kv);
}

/** A put response: header and, if asked for, the pair it replaced. */
export function writePutResponse(
  writer: Writer,
  header: ResponseHeaderWriter,
  result: PutResult,
): void {
  header.write(writer);
  if (result.prevKv !== undefined) writeKeyValue(writer, PUT_PREV_KV_TAG, result.prevKv);
}

/** A delete response: header, how many went and, if asked for, which. */
export function writeDeleteRangeResponse(
  writer: Writer,
  header: ResponseHeaderWriter,
  result: DeleteRangeResult,
): void {
  header.write(writer);
  writeDeleteRangeFields(writer, result);
}

/** A txn response: header, which branch ran, and the answer of each of its operations. */
export function writeTxnResponse(
  writer: Writer,
  header: ResponseHeaderWriter,
  result: TxnResult,
): void {
  header.write(writer);
  writeTxnFields(writer, result);
}

function writeDeleteRangeFields(writer: Writer, result: DeleteRangeResult): void {
  if (result.deleted !== 0) {
    writer.tag(DELETE_DELETED_TAG);
    writer.int64Number(result.deleted);
  }
  for (const kv of result.prevKvs) writeKeyValue(writer, DELETE_PREV_KVS_TAG, kv);
}

function writeTxnFields(writer: Writer, result: TxnResult): void {
  if (result.succeeded) {
    writer.tag(TXN_SUCCEEDED_TAG);
    writer.bool(true);
  }
  for (const response of result.responses) {
    writer.tag(TXN_RESPONSES_TAG);
    const start = writer.beginMessage();
    writeOpResponse(writer, response);
    writer.endMessage(start);
  }
}

function writeOpResponse(writer: Writer, result: OpResult): void {
  writer.tag(opResponseTag(result));
  const start = writer.beginMessage();
  writeOpHeader(writer, result.revision);
  if (result.kind === "range") writeRangeFields(writer, result);
  else if (result.kind === "put") {
    if (result.prevKv !== undefined) writeKeyValue(writer, PUT_PREV_KV_TAG, result.prevKv);
  } else if (result.kind === "deleteRange") writeDeleteRangeFields(writer, result);
  else writeTxnFields(writer, result);
  writer.endMessage(start);
}

function opResponseTag(result: OpResult): number {
  if (result.kind === "range") return OP_RANGE_TAG;
  if (result.kind === "put") return OP_PUT_TAG;
  return result.kind === "deleteRange" ? OP_DELETE_RANGE_TAG : OP_TXN_TAG;
}

/** Inside a transaction a header tells the revision and nothing else. */
function writeOpHeader(writer: Writer, revision: number): void {
  writer.tag(HEADER_TAG);
  const start = writer.beginMessage();
  if (revision !== 0) {
    writer.tag(HEADER_REVISION_TAG);
    writer.int64Number(revision);
  }
  writer.endMessage(start);
}

function writeKeyValue(writer: Writer, tag: number, kv: KeyValueRef): void {
  writer.tag(tag);
  writer.uint32(kv.end - kv.start);
  writer.raw(kv.bytes, kv.start, kv.end);
}
