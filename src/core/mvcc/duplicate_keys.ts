import type { DeleteRangeRequest, RequestOp, TxnRequest } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";

/** Keys from `start` up to but not including `end`. */
interface Interval {
  readonly start: string;
  readonly end: string;
}

/** What a list of operations may write. */
interface WriteSet {
  readonly puts: Set<string>;
  readonly deletes: KeyRanges;
}

/**
 * Throws if operations that can run together put a key twice, or put one that another deletes.
 * The branches of one transaction never run together.
 *
 * The rule has etcd's gaps: a nested transaction's deletions are held against the puts of the
 * level above and of later nested transactions, not of earlier ones; and a deletion with the end
 * "\0" (every key from here on) is not seen to hold any key.
 */
export function checkDuplicateKeys(request: TxnRequest): void {
  collectWrites(request.success);
  collectWrites(request.failure);
}

function collectWrites(ops: readonly RequestOp[]): WriteSet {
  const deletes = new KeyRanges();
  for (const op of ops) {
    if (op.requestDeleteRange !== undefined) addDeletion(deletes, op.requestDeleteRange);
  }
  const writes: WriteSet = { puts: new Set(), deletes };
  for (const op of ops) if (op.requestTxn !== undefined) addNested(writes, op.requestTxn);
  for (const op of ops) if (op.requestPut !== undefined) addPut(writes, op.requestPut.key);
  return writes;
}

function addNested(writes: WriteSet, txn: TxnRequest): void {
  const success = collectWrites(txn.success);
  const failure = collectWrites(txn.failure);
  for (const key of success.puts) addPut(writes, key);
  for (const key of failure.puts) {
    // The other branch may have put it just now.
    if (success.puts.has(key)) continue;
    addPut(writes, key);
  }
  writes.deletes.addAll(success.deletes);
  writes.deletes.addAll(failure.deletes);
}

function addPut(writes: WriteSet, key: string): void {
  if (writes.puts.has(key) || writes.deletes.has(key)) throw ETCD_ERRORS.duplicateKey;
  writes.puts.add(key);
}

function addDeletion(deletes: KeyRanges, request: DeleteRangeRequest): void {
  const { key, rangeEnd } = request;
  const end = rangeEnd === "" ? key + "\0" : rangeEnd;
  if (key < end) deletes.add({ start: key, end });
}

/** A set of keys made of intervals; they are put in order when first asked. */
class KeyRanges {
  #intervals: Interval[] = [];
  /** The intervals are in order and do not touch. */
  #settled = true;

  add(interval: Interval): void {
    this.#intervals.push(interval);
    this.#settled = false;
  }

  addAll(other: KeyRanges): void {
    for (const interval of other.#intervals) this.add(interval);
  }

  has(key: string): boolean {
    if (!this.#settled) this.#settle();
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#intervals[middle].start <= key) low = middle + 1;
      else high = middle;
    }
    return low > 0 && key < this.#intervals[low - 1].end;
  }

  #settle(): void {
    this.#intervals.sort((a, b) => (a.start < b.start ? -1 : 1));
    const merged: Interval[] = [];
    for (const interval of this.#intervals) {
      const last = merged.at(-1);
      if (last === undefined || interval.start > last.end) merged.push(interval);
      else if (interval.end > last.end) {
        merged[merged.length - 1] = { start: last.start, end: interval.end };
      }
    }
    this.#intervals = merged;
    this.#settled = true;
  }
}
