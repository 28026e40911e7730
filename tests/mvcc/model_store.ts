import { crc32c } from "../../src/base/crc32c.ts";
import { bytesFromLatin1, latin1FromBytes } from "../../src/base/bytes.ts";
import { ETCD_ERRORS } from "../../src/core/errors.ts";
import {
  type Compare,
  CompareResult,
  CompareTarget,
  type DeleteRangeRequest,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
  type TxnRequest,
} from "../../src/pb/etcdserverpb.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";

/** One change of one key. */
export interface ModelEvent {
  readonly main: number;
  readonly sub: number;
  readonly key: string;
  /** Undefined for a deletion. */
  readonly pair: KeyValue | undefined;
}

/** An answer as text, so that two of them are compared with one look. */
export interface ModelRange {
  readonly kvs: string[];
  readonly count: number;
  readonly more: boolean;
}

/**
 * The store as one would explain it: a list of all events that ever were. Everything is found by
 * going through the list; nothing is ever removed from it.
 */
export class ModelStore {
  readonly events: ModelEvent[] = [];
  readonly leases: Set<bigint> = new Set();
  current = 1;
  compacted = -1;
  #open: ModelEvent[] = [];

  /** Keys that hang on a lease, sorted. */
  keysOf(lease: bigint): string[] {
    return this.#pairsAt(Infinity).filter((pair) => pair.lease === lease).map((pair) => pair.key);
  }

  range(request: RangeRequest): ModelRange {
    const revision = request.revision > 0 ? request.revision : Infinity;
    if (request.revision > this.current + (this.#open.length > 0 ? 1 : 0)) {
      throw ETCD_ERRORS.futureRev;
    }
    if (revision < this.compacted) throw ETCD_ERRORS.compacted;
    const inRange = this.#pairsAt(revision).filter((pair) =>
      isInside(pair.key, request.key, request.rangeEnd)
    );
    if (request.countOnly) return { kvs: [], count: inRange.length, more: false };
    let pairs = inRange.filter((pair) => passes(pair, request));
    // Without an order etcd cuts before it sorts.
    const cutsFirst = request.sortOrder === SortOrder.NONE && !isFiltered(request);
    if (cutsFirst && request.limit > 0) pairs = pairs.slice(0, request.limit + 1);
    sort(pairs, request);
    const kept = request.limit > 0 ? pairs.slice(0, request.limit) : pairs;
    const shown = kept.map((pair) =>
      request.keysOnly ? { ...pair, value: new Uint8Array() } : pair
    );
    return {
      kvs: shown.map(pairText),
      count: inRange.length,
      more: kept.length < pairs.length,
    };
  }

  put(request: PutRequest): string | undefined {
    this.#checkLease(request);
    this.#checkKept(request);
    const previous = this.#put(request);
    this.#commit();
    return previous;
  }

  deleteRange(request: DeleteRangeRequest): { deleted: number; prevKvs: string[] } {
    const result = this.#deleteRange(request);
    this.#commit();
    return result;
  }

  deleteKeys(keys: readonly string[]): number {
    let deleted = 0;
    for (const key of keys) {
      deleted += this.#deleteRange({ key, rangeEnd: "", prevKv: false }).deleted;
    }
    this.#commit();
    return deleted;
  }

  /** The answers of a transaction, nested ones as lists in the list. */
  txn(request: TxnRequest): unknown {
    const chosen = this.#choose(request);
    for (const { requestPut } of flatten(chosen)) {
      if (requestPut === undefined) continue;
      this.#checkKept(requestPut);
      this.#checkLease(requestPut);
    }
    for (const op of flatten(chosen)) {
      const revision = op.requestRange?.revision ?? 0;
      if (revision > this.current) throw ETCD_ERRORS.futureRev;
      if (revision !== 0 && revision < this.compacted) throw ETCD_ERRORS.compacted;
    }
    const result = this.#run(chosen);
    this.#commit();
    return result;
  }

  compact(revision: number): void {
    if (revision <= this.compacted) throw ETCD_ERRORS.compacted;
    if (revision > this.current) throw ETCD_ERRORS.futureRev;
    this.compacted = revision;
  }

  /** What a compacted store still has to show of `from` to `to`. */
  changes(from: number, to: number): ModelEvent[] {
    return this.events.filter(({ main }) => main >= Math.max(from, this.compacted) && main <= to);
  }

  /** The pair before an event; undefined if its revision is compacted. */
  previousOf(event: ModelEvent): string | undefined {
    if (event.main - 1 < this.compacted) return undefined;
    const pair = this.#pairsAt(event.main - 1).find(({ key }) => key === event.key);
    return pair === undefined ? undefined : pairText(pair);
  }

  /** The changes that remain once all compactions up to a revision are done. */
  retained(compacted: number = this.compacted): ModelEvent[] {
    const kept = new Set(this.#latestAt(compacted).filter(({ pair }) => pair !== undefined));
    return this.events.filter((event) => event.main >= compacted || kept.has(event));
  }

  /** etcd's hash: below the compacted revision only what a reader at `revision` sees counts. */
  hashKv(revision: number): number {
    const kept = this.#latestAt(revision).filter(({ pair }) => pair !== undefined);
    return this.#hash(revision, this.compacted, kept);
  }

  /**
   * The hash that etcd makes while it compacts: of everything up to there, as it was before, but
   * for what the compaction before left and this one removes.
   */
  compactionHash(revision: number, previous: number): number {
    const kept = this.#latestAt(revision).filter(({ pair, main }) =>
      pair !== undefined || main === revision
    );
    return this.#hash(revision, previous, kept);
  }

  #hash(revision: number, compacted: number, kept: readonly ModelEvent[]): number {
    const left = kept.length > 0 ? kept : this.#latestAt(compacted);
    let hash = crc32c(bytesFromLatin1("key"));
    for (const event of this.events) {
      if (event.main > revision) continue;
      const isLeft = left.includes(event) && event.pair !== undefined;
      if (event.main <= compacted && !isLeft) continue;
      hash = crc32c(revisionKey(event), 0, undefined, hash);
      hash = crc32c(storedValue(event), 0, undefined, hash);
    }
    return hash;
  }

  /** The latest event of each key up to a revision, in the order of keys. */
  #latestAt(revision: number): ModelEvent[] {
    const latest = new Map<string, ModelEvent>();
    for (const event of [...this.events, ...this.#open]) {
      if (event.main <= revision) latest.set(event.key, event);
    }
    return [...latest.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #pairsAt(revision: number): KeyValue[] {
    return this.#latestAt(revision).flatMap(({ pair }) => pair === undefined ? [] : [pair]);
  }

  #find(key: string): KeyValue | undefined {
    return this.#pairsAt(Infinity).find((pair) => pair.key === key);
  }

  #checkKept(request: PutRequest): void {
    const keeps = request.ignoreValue || request.ignoreLease;
    if (keeps && this.#find(request.key) === undefined) throw ETCD_ERRORS.keyNotFound;
  }

  #checkLease(request: PutRequest): void {
    if (request.lease !== 0n && !this.leases.has(request.lease)) throw ETCD_ERRORS.leaseNotFound;
  }

  #put(request: PutRequest): string | undefined {
    const { key } = request;
    const before = this.#find(key);
    const main = this.current + 1;
    const pair: KeyValue = {
      key,
      createRevision: before?.createRevision ?? main,
      modRevision: main,
      version: (before?.version ?? 0) + 1,
      value: request.ignoreValue && before !== undefined ? before.value : request.value,
      lease: request.ignoreLease && before !== undefined ? before.lease : request.lease,
    };
    this.#open.push({ main, sub: this.#open.length, key, pair });
    return request.prevKv && before !== undefined ? pairText(before) : undefined;
  }

  #deleteRange(request: DeleteRangeRequest): { deleted: number; prevKvs: string[] } {
    const pairs = this.#pairsAt(Infinity).filter(({ key }) =>
      isInside(key, request.key, request.rangeEnd)
    );
    for (const { key } of pairs) {
      this.#open.push({ main: this.current + 1, sub: this.#open.length, key, pair: undefined });
    }
    return { deleted: pairs.length, prevKvs: request.prevKv ? pairs.map(pairText) : [] };
  }

  #choose(request: TxnRequest): ChosenTxn {
    const succeeded = request.compare.every((compare) => this.#holds(compare));
    const ops = (succeeded ? request.success : request.failure).map((op) =>
      op.requestTxn === undefined ? op : this.#choose(op.requestTxn)
    );
    return { succeeded, ops };
  }

  #holds(compare: Compare): boolean {
    const pairs = this.#pairsAt(Infinity).filter(({ key }) =>
      isInside(key, compare.key, compare.rangeEnd)
    );
    if (pairs.length > 0) return pairs.every((pair) => holdsFor(pair, compare));
    return compare.target !== CompareTarget.VALUE && holdsFor(KeyValue.create(), compare);
  }

  #run(txn: ChosenTxn): unknown {
    const responses = txn.ops.map((op) => {
      if ("ops" in op) return this.#run(op);
      const result = this.#runOp(op);
      return { ...result, revision: this.current + (this.#open.length > 0 ? 1 : 0) };
    });
    return { succeeded: txn.succeeded, responses };
  }

  #runOp(op: RequestOp): object {
    if (op.requestPut !== undefined) return { prevKv: this.#put(op.requestPut) };
    if (op.requestDeleteRange !== undefined) return this.#deleteRange(op.requestDeleteRange);
    if (op.requestRange !== undefined) return this.range(op.requestRange);
    throw ETCD_ERRORS.keyNotFound;
  }

  #commit(): void {
    if (this.#open.length === 0) return;
    this.events.push(...this.#open);
    this.#open = [];
    this.current++;
  }
}

interface ChosenTxn {
  readonly succeeded: boolean;
  readonly ops: readonly (RequestOp | ChosenTxn)[];
}

/** A pair as text: its canonical bytes. */
export function pairText(pair: KeyValue): string {
  return latin1FromBytes(KeyValue.encode(pair));
}

function flatten(txn: ChosenTxn): RequestOp[] {
  return txn.ops.flatMap((op) => "ops" in op ? flatten(op) : [op]);
}

function isInside(key: string, from: string, rangeEnd: string): boolean {
  if (rangeEnd === "") return key === from;
  return key >= from && (rangeEnd === "\0" || key < rangeEnd);
}

function passes(pair: KeyValue, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return (minModRevision === 0 || pair.modRevision >= minModRevision) &&
    (maxModRevision === 0 || pair.modRevision <= maxModRevision) &&
    (minCreateRevision === 0 || pair.createRevision >= minCreateRevision) &&
    (maxCreateRevision === 0 || pair.createRevision <= maxCreateRevision);
}

function isFiltered(request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return (minModRevision | maxModRevision | minCreateRevision | maxCreateRevision) !== 0;
}

function sort(pairs: KeyValue[], request: RangeRequest): void {
  const sign = request.sortOrder === SortOrder.DESCEND ? -1 : 1;
  pairs.sort((a, b) => sign * compareBy(request.sortTarget, a, b));
}

function compareBy(target: number, a: KeyValue, b: KeyValue): number {
  if (target === SortTarget.VERSION) return a.version - b.version;
  if (target === SortTarget.CREATE) return a.createRevision - b.createRevision;
  if (target === SortTarget.MOD) return a.modRevision - b.modRevision;
  if (target === SortTarget.VALUE) {
    return compareTexts(latin1FromBytes(a.value), latin1FromBytes(b.value));
  }
  return compareTexts(a.key, b.key);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function holdsFor(pair: KeyValue, compare: Compare): boolean {
  const order = orderOf(pair, compare);
  if (compare.result === CompareResult.EQUAL) return order === 0;
  if (compare.result === CompareResult.NOT_EQUAL) return order !== 0;
  return compare.result === CompareResult.GREATER ? order > 0 : order < 0;
}

function orderOf(pair: KeyValue, compare: Compare): number {
  switch (compare.target) {
    case CompareTarget.VERSION:
      return pair.version - (compare.version ?? 0);
    case CompareTarget.CREATE:
      return pair.createRevision - (compare.createRevision ?? 0);
    case CompareTarget.MOD:
      return pair.modRevision - (compare.modRevision ?? 0);
    case CompareTarget.LEASE:
      return Number(pair.lease - (compare.lease ?? 0n));
    default:
      return compareTexts(
        latin1FromBytes(pair.value),
        latin1FromBytes(compare.value ?? new Uint8Array()),
      );
  }
}

/** The key of an event in etcd's file. */
export function revisionKey({ main, sub, pair }: ModelEvent): Uint8Array {
  const text = `${int64Text(main)}_${int64Text(sub)}`;
  return bytesFromLatin1(pair === undefined ? `${text}t` : text);
}

/** The value of an event in etcd's file. */
export function storedValue({ key, pair }: ModelEvent): Uint8Array {
  return KeyValue.encode(pair ?? KeyValue.create({ key }));
}

function int64Text(value: number): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value));
  return latin1FromBytes(bytes);
}
