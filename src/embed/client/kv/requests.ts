import {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  SortOrder,
  SortTarget,
} from "../../../pb/etcdserverpb.ts";
import { type BytesLike, type KeyRange, toBytes, toKey, toRange } from "./keys.ts";

/** What a range is sorted by. */
export type SortBy = "key" | "version" | "createRevision" | "modRevision" | "value";

/** How a range is read. */
export interface RangeOptions extends KeyRange {
  /** At most so many pairs; 0, the default, is no limit. */
  readonly limit?: number;
  /** Reads the state of this revision; 0, the default, is the newest. */
  readonly revision?: number;
  /** Default `key`. */
  readonly sortBy?: SortBy;
  /** Default `ascending`. */
  readonly order?: "ascending" | "descending";
  /** Answers from the member asked, which may be behind the others. Default false. */
  readonly serializable?: boolean;
  /** Leaves the values away. Default false. */
  readonly keysOnly?: boolean;
  /** Counts, and returns no pairs. Default false. */
  readonly countOnly?: boolean;
  /** Leaves away pairs that were last changed before this revision. */
  readonly minModRevision?: number;
  /** Leaves away pairs that were last changed behind this revision. */
  readonly maxModRevision?: number;
  /** Leaves away pairs whose keys were made before this revision. */
  readonly minCreateRevision?: number;
  /** Leaves away pairs whose keys were made behind this revision. */
  readonly maxCreateRevision?: number;
}

/** How a key is put. */
export interface PutOptions {
  /** Hangs the key on this lease; without it the key hangs on none. */
  readonly lease?: bigint;
  /** Returns the pair that was there before. Default false. */
  readonly prevKv?: boolean;
  /** Keeps the value that is there and sets only the lease; give an empty value. Default false. */
  readonly ignoreValue?: boolean;
  /** Keeps the lease that the key hangs on. Default false. */
  readonly ignoreLease?: boolean;
}

/** How keys are deleted. */
export interface DeleteOptions extends KeyRange {
  /** Returns the pairs that were there. Default false. */
  readonly prevKv?: boolean;
}

const SORT_TARGETS: Readonly<Record<SortBy, number>> = {
  key: SortTarget.KEY,
  version: SortTarget.VERSION,
  createRevision: SortTarget.CREATE,
  modRevision: SortTarget.MOD,
  value: SortTarget.VALUE,
};

/** The request for a range. */
export function rangeRequest(key: BytesLike, options: RangeOptions): RangeRequest {
  const sorted = options.sortBy !== undefined || options.order !== undefined;
  const ascending = sorted ? SortOrder.ASCEND : SortOrder.NONE;
  return RangeRequest.create({
    ...toRange(key, options),
    limit: options.limit ?? 0,
    revision: options.revision ?? 0,
    sortTarget: SORT_TARGETS[options.sortBy ?? "key"],
    sortOrder: options.order === "descending" ? SortOrder.DESCEND : ascending,
    serializable: options.serializable ?? false,
    keysOnly: options.keysOnly ?? false,
    countOnly: options.countOnly ?? false,
    minModRevision: options.minModRevision ?? 0,
    maxModRevision: options.maxModRevision ?? 0,
    minCreateRevision: options.minCreateRevision ?? 0,
    maxCreateRevision: options.maxCreateRevision ?? 0,
  });
}

/** The request for a put. */
export function putRequest(key: BytesLike, value: BytesLike, options: PutOptions): PutRequest {
  return PutRequest.create({
    key: toKey(key),
    value: toBytes(value),
    lease: options.lease ?? 0n,
    prevKv: options.prevKv ?? false,
    ignoreValue: options.ignoreValue ?? false,
    ignoreLease: options.ignoreLease ?? false,
  });
}

/** The request for a delete. */
export function deleteRequest(key: BytesLike, options: DeleteOptions): DeleteRangeRequest {
  return DeleteRangeRequest.create({ ...toRange(key, options), prevKv: options.prevKv ?? false });
}
