import type { DeleteRangeRequest, PutRequest } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import type { KeyValueRef } from "./change.ts";
import { KeyValueFields } from "./key_value_encoding.ts";
import type { Keyspace } from "./keyspace.ts";

/** What a put is answered with, besides the header. */
export interface PutResult {
  readonly prevKv: KeyValueRef | undefined;
}

/** What a deletion is answered with, besides the header. */
export interface DeleteRangeResult {
  readonly deleted: number;
  readonly prevKvs: KeyValueRef[];
}

const fields = new KeyValueFields();

/** Throws if the put wants to keep something of a key that is not there. */
export function checkKept(keyspace: Keyspace, request: PutRequest): void {
  if (!request.ignoreValue && !request.ignoreLease) return;
  if (keyspace.index.findLive(request.key) === 0) throw ETCD_ERRORS.keyNotFound;
}

/** Throws if the put names a lease that is not there. */
export function checkLease(keyspace: Keyspace, request: PutRequest): void {
  if (request.lease !== 0n && !keyspace.hasLease(request.lease)) throw ETCD_ERRORS.leaseNotFound;
}

/** Puts what has passed both checks. */
export function putPair(keyspace: Keyspace, request: PutRequest): PutResult {
  if (!request.prevKv && !request.ignoreValue && !request.ignoreLease) {
    keyspace.put(request.key, request.value, request.lease);
    return { prevKv: undefined };
  }
  const record = keyspace.index.findLive(request.key);
  const before = record === 0 ? undefined : keyspace.latestPair(record);
  let { value, lease } = request;
  if (request.ignoreValue && before !== undefined) value = valueOf(before);
  if (request.ignoreLease && record !== 0) lease = keyspace.index.table.lease(record);
  keyspace.put(request.key, value, lease);
  return { prevKv: request.prevKv ? before : undefined };
}

/** Deletes the keys of a range in their order. */
export function deletePairs(keyspace: Keyspace, request: DeleteRangeRequest): DeleteRangeResult {
  const { key, rangeEnd, prevKv } = request;
  const records = keyspace.liveRecords(key, rangeEnd);
  const prevKvs: KeyValueRef[] = [];
  if (records.length === 0) return { deleted: 0, prevKvs };
  if (prevKv) { for (const record of records) prevKvs.push(keyspace.latestPair(record)); }
  for (const record of records) keyspace.delete(record);
  if (rangeEnd === "") keyspace.index.tree.setCounted(key, false);
  else keyspace.uncount(key, rangeEnd);
  return { deleted: records.length, prevKvs };
}

function valueOf(pair: KeyValueRef): Uint8Array {
  fields.read(pair);
  return pair.bytes.subarray(fields.valueStart, fields.valueEnd);
}
