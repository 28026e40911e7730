import type { RangeRequest } from "../../pb/etcdserverpb.ts";
import type { KeyValueRef } from "./change.ts";
import type { Keyspace } from "./keyspace.ts";
import { checkReadable, finish, pairsToRead, type RangeResult, startsAtEnd } from "./range.ts";

/**
 * A range read in slices, for ranges too large for one turn. It reads the revision at which it
 * was opened, whatever is written between the slices. Until it is done or cancelled, compactions
 * remove nothing.
 */
export class RangeCursor {
  readonly #keyspace: Keyspace;
  readonly #request: RangeRequest;
  readonly #revision: number;
  readonly #wanted: number;
  readonly #descending: boolean;
  /** How many keys the range has; unknown at first where only their histories tell. */
  readonly #knownCount: number | undefined;
  readonly #kvs: KeyValueRef[] = [];
  #count = 0;
  /** Where the next slice begins, or ends if it goes downwards; undefined is the range's end. */
  #position: string | undefined;
  #isDone = false;

  /** Throws if the request's revision cannot be read. */
  constructor(keyspace: Keyspace, request: RangeRequest) {
    checkReadable(keyspace, request.revision);
    this.#keyspace = keyspace;
    this.#request = request;
    this.#revision = request.revision > 0 ? request.revision : keyspace.currentRevision;
    this.#wanted = request.countOnly ? 0 : pairsToRead(request);
    this.#descending = startsAtEnd(request);
    this.#position = this.#descending ? undefined : request.key;
    if (this.#revision === keyspace.currentRevision) {
      this.#knownCount = keyspace.liveCount(request.key, request.rangeEnd);
    }
    keyspace.pins++;
  }

  /** Looks at up to `budget` keys. Returns whether more remain. */
  step(budget: number): boolean {
    if (this.#isDone) return false;
    const records = this.#nextRecords(budget);
    for (const record of records) this.#visit(record);
    const last = records.at(-1);
    const isLast = records.length < budget || this.#request.rangeEnd === "";
    if (last === undefined || isLast || this.#hasEnough()) {
      this.cancel();
      return false;
    }
    const key = this.#keyspace.index.keyOf(last);
    this.#position = this.#descending ? key : key + "\0";
    return true;
  }

  /** Gives up; harmless when done. */
  cancel(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#keyspace.pins--;
  }

  /** The answer, once `step()` has returned false. To be called once. */
  result(): RangeResult {
    const count = this.#knownCount ?? this.#count;
    if (this.#request.countOnly) return { kvs: [], count, more: false };
    if (this.#descending) this.#kvs.reverse();
    return finish(this.#kvs, count, this.#request);
  }

  #nextRecords(budget: number): number[] {
    const { key, rangeEnd } = this.#request;
    if (rangeEnd === "") return this.#keyspace.records(key, rangeEnd);
    const { tree } = this.#keyspace.index;
    if (!this.#descending) {
      const from = tree.rank(this.#position ?? key);
      return tree.slice(from, Math.min(from + budget, this.#keyspace.rankOfEnd(rangeEnd)));
    }
    const to = this.#position === undefined
      ? this.#keyspace.rankOfEnd(rangeEnd)
      : tree.rank(this.#position);
    return tree.slice(Math.max(tree.rank(key), to - budget), to).reverse();
  }

  #visit(record: number): void {
    const put = this.#keyspace.putVisibleAt(record, this.#revision);
    if (put === 0) return;
    this.#count++;
    if (this.#kvs.length < this.#wanted) this.#kvs.push(this.#keyspace.pairOf(put));
  }

  #hasEnough(): boolean {
    return this.#knownCount !== undefined && this.#kvs.length >= this.#wanted;
  }
}
