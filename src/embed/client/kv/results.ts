import type {
  DeleteRangeResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import { KeyValue } from "./key_value.ts";

/** What every answer tells of the store. */
export interface Result {
  /** The store's revision when the answer was made. */
  readonly revision: number;
}

/** What a range found. */
export interface RangeResult extends Result {
  /** The pairs, in the order asked for. */
  readonly kvs: KeyValue[];
  /** How many keys there are in the range, whatever the limit. */
  readonly count: number;
  /** Whether the limit cut something off. */
  readonly more: boolean;
}

/** What a put did. */
export interface PutResult extends Result {
  /** The pair before, if it was asked for and there was one. */
  readonly prevKv: KeyValue | undefined;
}

/** What a delete did. */
export interface DeleteResult extends Result {
  /** How many keys are gone. */
  readonly deleted: number;
  /** The pairs that were there, if they were asked for. */
  readonly prevKvs: KeyValue[];
}

/** What a transaction did. */
export interface TxnResult extends Result {
  /** Whether all comparisons held, so that the operations for success ran. */
  readonly succeeded: boolean;
  /** One answer for each operation of the branch that ran, in order. */
  readonly responses: TxnOpResult[];
}

/** The answer of one operation of a transaction. */
export type TxnOpResult =
  | { readonly kind: "range"; readonly range: RangeResult }
  | { readonly kind: "put"; readonly put: PutResult }
  | { readonly kind: "delete"; readonly delete: DeleteResult }
  | { readonly kind: "txn"; readonly txn: TxnResult };

/** Reads a range response. */
export function rangeResult(response: RangeResponse): RangeResult {
  const kvs = response.kvs.map((kv) => new KeyValue(kv));
  return {
    revision: revisionOf(response.header),
    kvs,
    count: response.count,
    more: response.more,
  };
}

/** Reads a put response. */
export function putResult(response: PutResponse): PutResult {
  const prevKv = response.prevKv === undefined ? undefined : new KeyValue(response.prevKv);
  return { revision: revisionOf(response.header), prevKv };
}

/** Reads a delete response. */
export function deleteResult(response: DeleteRangeResponse): DeleteResult {
  const prevKvs = response.prevKvs.map((kv) => new KeyValue(kv));
  return { revision: revisionOf(response.header), deleted: response.deleted, prevKvs };
}

/** Reads a transaction's response. */
export function txnResult(response: TxnResponse): TxnResult {
  const responses = response.responses.map((op): TxnOpResult => {
    if (op.responseRange) return { kind: "range", range: rangeResult(op.responseRange) };
    if (op.responsePut) return { kind: "put", put: putResult(op.responsePut) };
    if (op.responseDeleteRange) {
      return { kind: "delete", delete: deleteResult(op.responseDeleteRange) };
    }
    if (op.responseTxn) return { kind: "txn", txn: txnResult(op.responseTxn) };
    throw new TypeError("Cannot read a transaction's response: an operation has no answer");
  });
  return { revision: revisionOf(response.header), succeeded: response.succeeded, responses };
}

/** The revision that a response's header tells; 0 if it has none. */
function revisionOf(header: ResponseHeader | undefined): number {
  return header?.revision ?? 0;
}
