import { assert } from "../../../base/assert.ts";
import { bytesFromLatin1, latin1FromBytes } from "../../../base/bytes.ts";
import {
  type Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../../../pb/etcdserverpb.ts";
import { KeyValue } from "../../../pb/mvccpb.ts";
import type { KeyValueRef } from "../change.ts";
import type { Compaction } from "../compaction.ts";
import type { LeaseRegistry } from "../lease_registry.ts";
import { type RangeResult, Store } from "../store.ts";

/** Leases of a test: what is attached to them can be looked at. For tests only. */
export class FakeLeases implements LeaseRegistry {
  readonly keys = new Map<bigint, Set<string>>();

  constructor(...ids: bigint[]) {
    for (const id of ids) this.keys.set(id, new Set());
  }

  has(id: bigint): boolean {
    return this.keys.has(id);
  }

  attach(id: bigint, key: string): void {
    const keys = this.keys.get(id);
    assert(keys !== undefined, "keys are attached to leases that exist");
    keys.add(key);
  }

  detach(id: bigint, key: string): void {
    this.keys.get(id)?.delete(key);
  }

  /** The keys on a lease as one word list. */
  attached(id: bigint): string {
    return [...this.keys.get(id) ?? []].sort().join(" ");
  }
}

/** A store with the given keys put, one revision each from 2 on, the value being the key. */
export function storeOf(...keys: string[]): Store {
  const store = new Store(new FakeLeases());
  for (const key of keys) put(store, key, key);
  return store;
}

export function put(
  store: Store,
  key: string,
  value: string,
  fields: Partial<PutRequest> = {},
): KeyValue | undefined {
  const request = PutRequest.create({ key, value: bytesFromLatin1(value), ...fields });
  const { prevKv } = store.put(request);
  return prevKv === undefined ? undefined : decoded(prevKv);
}

export function range(store: Store, key: string, fields: Partial<RangeRequest> = {}): RangeResult {
  return store.range(RangeRequest.create({ key, ...fields }));
}

export function remove(
  store: Store,
  key: string,
  fields: Partial<DeleteRangeRequest> = {},
): number {
  return store.deleteRange(DeleteRangeRequest.create({ key, ...fields })).deleted;
}

/** The keys of a range's answer as one word list. */
export function keysOf(result: RangeResult): string {
  return result.kvs.map((ref) => decoded(ref).key).join(" ");
}

/** The value a key has at a revision; undefined if there is none. */
export function valueAt(store: Store, key: string, revision = 0): string | undefined {
  const ref = range(store, key, { revision }).kvs.at(0);
  return ref === undefined ? undefined : latin1FromBytes(decoded(ref).value);
}

export function decoded({ bytes, start, end }: KeyValueRef): KeyValue {
  return KeyValue.decode(bytes, start, end);
}

export function putOp(key: string, value = "", fields: Partial<PutRequest> = {}): RequestOp {
  const requestPut = PutRequest.create({ key, value: bytesFromLatin1(value), ...fields });
  return RequestOp.create({ requestPut });
}

export function rangeOp(key: string, fields: Partial<RangeRequest> = {}): RequestOp {
  return RequestOp.create({ requestRange: RangeRequest.create({ key, ...fields }) });
}

export function deleteOp(key: string, rangeEnd = ""): RequestOp {
  const requestDeleteRange = DeleteRangeRequest.create({ key, rangeEnd, prevKv: true });
  return RequestOp.create({ requestDeleteRange });
}

export function txnOp(
  compare: Compare[],
  success: RequestOp[],
  failure: RequestOp[] = [],
): RequestOp {
  return RequestOp.create({ requestTxn: TxnRequest.create({ compare, success, failure }) });
}

/** Runs a compaction to its end. */
export function finish(compaction: Compaction): void {
  while (compaction.step(1_000));
}

/** The hash of everything up to a revision, by default the current one, made in steps of `budget`. */
export function hashOf(store: Store, revision = 0, budget = 1): number {
  const hash = store.hashKv(revision);
  while (hash.step(budget));
  return hash.hash;
}
