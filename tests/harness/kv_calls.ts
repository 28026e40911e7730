import { bytesFromText, textFromBytes } from "../../src/base/bytes.ts";
import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  ResponseHeader,
  TxnRequest,
  TxnResponse,
} from "../../src/pb/etcdserverpb.ts";
import {
  DeleteRangeRequest as DeleteRangeCodec,
  PutRequest as PutCodec,
  RangeRequest as RangeCodec,
  RequestOp as RequestOpCodec,
  TxnRequest as TxnCodec,
} from "../../src/pb/etcdserverpb.ts";
import type { KeyValue } from "../../src/pb/mvccpb.ts";
import { KV_SERVICE } from "../../src/pb/services.ts";
import type { GrpcClient } from "./grpc_client.ts";

/** As much of a client as these helpers need. */
export type KvCaller = Pick<GrpcClient, "call">;

export function put(
  client: KvCaller,
  key: string,
  value: string,
  fields: Partial<PutRequest> = {},
): Promise<PutResponse> {
  return client.call(KV_SERVICE.put, { key, value: bytesFromText(value), ...fields });
}

export function range(
  client: KvCaller,
  key: string,
  fields: Partial<RangeRequest> = {},
): Promise<RangeResponse> {
  return client.call(KV_SERVICE.range, { key, ...fields });
}

/** Everything that begins with the prefix. */
export function rangePrefix(
  client: KvCaller,
  prefix: string,
  fields: Partial<RangeRequest> = {},
): Promise<RangeResponse> {
  return range(client, prefix, { rangeEnd: prefixEnd(prefix), ...fields });
}

export function deleteRange(
  client: KvCaller,
  key: string,
  fields: Partial<DeleteRangeRequest> = {},
): Promise<DeleteRangeResponse> {
  return client.call(KV_SERVICE.deleteRange, { key, ...fields });
}

export function txn(client: KvCaller, fields: Partial<TxnRequest>): Promise<TxnResponse> {
  return client.call(KV_SERVICE.txn, fields);
}

export function putOp(key: string, value: string, fields: Partial<PutRequest> = {}): RequestOp {
  const requestPut = PutCodec.create({ key, value: bytesFromText(value), ...fields });
  return RequestOpCodec.create({ requestPut });
}

export function rangeOp(key: string, fields: Partial<RangeRequest> = {}): RequestOp {
  return RequestOpCodec.create({ requestRange: RangeCodec.create({ key, ...fields }) });
}

export function deleteOp(key: string, fields: Partial<DeleteRangeRequest> = {}): RequestOp {
  return RequestOpCodec.create({ requestDeleteRange: DeleteRangeCodec.create({ key, ...fields }) });
}

export function txnOp(fields: Partial<TxnRequest>): RequestOp {
  return RequestOpCodec.create({ requestTxn: TxnCodec.create(fields) });
}

/** The first key behind all that begin with the prefix. */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

/** The header, which every response has. */
export function headerOf(response: { header: ResponseHeader | undefined }): ResponseHeader {
  if (response.header === undefined) throw new Error("the response has no header");
  return response.header;
}

export function revisionOf(response: { header: ResponseHeader | undefined }): number {
  return headerOf(response).revision;
}

/** `key=value` of each pair, with the test's prefix cut off, short enough to compare at a glance. */
export function pairs(kvs: readonly KeyValue[], prefix = ""): string[] {
  return kvs.map((kv) => `${kv.key.slice(prefix.length)}=${textFromBytes(kv.value)}`);
}

/** The keys with the test's prefix cut off. */
export function keys(kvs: readonly KeyValue[], prefix = ""): string[] {
  return kvs.map((kv) => kv.key.slice(prefix.length));
}
