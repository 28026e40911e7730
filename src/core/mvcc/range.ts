import { compareBytes } from "../../base/bytes.ts";
import { type RangeRequest, SortOrder, SortTarget } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import type { KeyValueRef } from "./change.ts";
import { KeyValueFields } from "./key_value_encoding.ts";
import type { Keyspace } from "./keyspace.ts";

/** What a range request is answered with, besides the header. */
export interface RangeResult {
  readonly kvs: KeyValueRef[];
  /** How many keys lie in the range, whatever limit and filters left of them. */
  readonly count: number;
  /** The limit cut something off. */
  readonly more: boolean;
}

/** Throws if the revision is one that cannot be read. */
export function checkReadable(keyspace: Keyspace, revision: number): void {
  if (revision <= 0) return;
  if (revision > keyspace.readRevision) throw ETCD_ERRORS.futureRev;
  if (revision < keyspace.compactedRevision) throw ETCD_ERRORS.compacted;
}

/** Reads the pairs of a range as they are now or were at a revision. */
export function readRange(keyspace: Keyspace, request: RangeRequest): RangeResult {
  const { revision } = request;
  checkReadable(keyspace, revision);
  if (revision > 0 && revision < keyspace.readRevision) return readPast(keyspace, request);
  return request.rangeEnd === "" ? readKey(keyspace, request) : readPresent(keyspace, request);
}

const fields = new KeyValueFields();

function readKey(keyspace: Keyspace, request: RangeRequest): RangeResult {
  const record = keyspace.index.findLive(request.key);
  if (record === 0) return { kvs: [], count: 0, more: false };
  if (request.countOnly) return { kvs: [], count: 1, more: false };
  return finish([keyspace.latestPair(record)], 1, request);
}

/** When keys decide the order, a limit bounds the work; else all must be read. */
function readPresent(keyspace: Keyspace, request: RangeRequest): RangeResult {
  const { tree } = keyspace.index;
  const from = tree.countedRank(request.key);
  const to = Math.max(from, keyspace.liveRankOfEnd(request.rangeEnd));
  const count = to - from;
  if (request.countOnly) return { kvs: [], count, more: false };
  const wanted = Math.min(count, pairsToRead(request));
  const records = startsAtEnd(request)
    ? tree.countedSlice(to - wanted, to)
    : tree.countedSlice(from, from + wanted);
  const kvs: KeyValueRef[] = [];
  for (const record of records) kvs.push(keyspace.latestPair(record));
  return finish(kvs, count, request);
}

/** Every key of the range that has history is looked at: only its history tells if it was there. */
function readPast(keyspace: Keyspace, request: RangeRequest): RangeResult {
  const records = keyspace.records(request.key, request.rangeEnd);
  if (startsAtEnd(request)) records.reverse();
  const wanted = request.countOnly ? 0 : pairsToRead(request);
  const kvs: KeyValueRef[] = [];
  let count = 0;
  for (const record of records) {
    const put = keyspace.putVisibleAt(record, request.revision);
    if (put === 0) continue;
    count++;
    if (kvs.length < wanted) kvs.push(keyspace.pairOf(put));
  }
  if (request.countOnly) return { kvs, count, more: false };
  if (startsAtEnd(request)) kvs.reverse();
  return finish(kvs, count, request);
}

/**
 * How many pairs, in the order of keys, can decide the answer; one above the limit tells that
 * there are more. etcd reads no further than that either when a sort target comes without an
 * order, and then sorts what it has.
 */
export function pairsToRead(request: RangeRequest): number {
  if (request.limit <= 0 || isFiltered(request)) return Infinity;
  const byKey = request.sortTarget === SortTarget.KEY || request.sortOrder === SortOrder.NONE;
  return byKey ? request.limit + 1 : Infinity;
}

/** Whether the pairs that decide the answer are the last ones of the range. */
export function startsAtEnd(request: RangeRequest): boolean {
  return request.sortTarget === SortTarget.KEY && request.sortOrder === SortOrder.DESCEND;
}

function isFiltered(request: RangeRequest): boolean {
  return request.minModRevision !== 0 || request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 || request.maxCreateRevision !== 0;
}

/** Filters, sorts and cuts pairs that are in the order of their keys. */
export function finish(pairs: KeyValueRef[], count: number, request: RangeRequest): RangeResult {
  let kvs = isFiltered(request) ? pairs.filter((pair) => passes(pair, request)) : pairs;
  kvs = sorted(kvs, request);
  const more = request.limit > 0 && kvs.length > request.limit;
  if (more) kvs.length = request.limit;
  return { kvs: stripped(kvs, request), count, more };
}

function passes(pair: KeyValueRef, request: RangeRequest): boolean {
  fields.read(pair);
  const { modRevision, createRevision } = fields;
  if (request.minModRevision !== 0 && modRevision < request.minModRevision) return false;
  if (request.maxModRevision !== 0 && modRevision > request.maxModRevision) return false;
  if (request.minCreateRevision !== 0 && createRevision < request.minCreateRevision) return false;
  return request.maxCreateRevision === 0 || createRevision <= request.maxCreateRevision;
}

/** Pairs that sort alike stay in the order of their keys. */
function sorted(kvs: KeyValueRef[], request: RangeRequest): KeyValueRef[] {
  const sign = request.sortOrder === SortOrder.DESCEND ? -1 : 1;
  if (request.sortTarget === SortTarget.KEY) return sign < 0 ? kvs.reverse() : kvs;
  if (kvs.length < 2) return kvs;
  if (request.sortTarget === SortTarget.VALUE) return sortedByValue(kvs, sign);
  const numbers = kvs.map((pair) => sortNumber(pair, request.sortTarget));
  return sortedBy(kvs, (a, b) => sign * (numbers[a] - numbers[b]));
}

function sortNumber(pair: KeyValueRef, target: number): number {
  fields.read(pair);
  if (target === SortTarget.VERSION) return fields.version;
  return target === SortTarget.CREATE ? fields.createRevision : fields.modRevision;
}

function sortedByValue(kvs: KeyValueRef[], sign: number): KeyValueRef[] {
  const values = kvs.map((pair) => {
    fields.read(pair);
    return pair.bytes.subarray(fields.valueStart, fields.valueEnd);
  });
  return sortedBy(kvs, (a, b) => sign * compareBytes(values[a], values[b]));
}

function sortedBy(
  kvs: readonly KeyValueRef[],
  compare: (a: number, b: number) => number,
): KeyValueRef[] {
  return kvs.map((_, i) => i).sort(compare).map((i) => kvs[i]);
}

/** With keys_only the values go. */
function stripped(kvs: KeyValueRef[], request: RangeRequest): KeyValueRef[] {
  return request.keysOnly ? kvs.map(withoutValue) : kvs;
}

/** The value's field is the last but for the lease: most pairs without value are a part of it. */
function withoutValue(pair: KeyValueRef): KeyValueRef {
  fields.read(pair);
  const { valueFieldStart, valueEnd } = fields;
  const { bytes, start, end } = pair;
  if (valueEnd === end) return { bytes, start, end: valueFieldStart };
  const head = bytes.subarray(start, valueFieldStart);
  const tail = bytes.subarray(valueEnd, end);
  const joined = new Uint8Array(head.length + tail.length);
  joined.set(head);
  joined.set(tail, head.length);
  return { bytes: joined, start: 0, end: joined.length };
}
