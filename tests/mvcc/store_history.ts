import assert from "node:assert/strict";
import { latin1FromBytes } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import { EtcdError } from "../../src/core/errors.ts";
import type { Change, KeyValueRef } from "../../src/core/mvcc/change.ts";
import type { Compaction } from "../../src/core/mvcc/compaction.ts";
import type { LeaseRegistry } from "../../src/core/mvcc/lease_registry.ts";
import {
  type OpResult,
  type RangeResult,
  Store,
  type StoreOptions,
  type TxnResult,
} from "../../src/core/mvcc/store.ts";
import { RangeRequest } from "../../src/pb/etcdserverpb.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";
import { type ModelEvent, type ModelRange, ModelStore, pairText } from "./model_store.ts";
import {
  MANY_KEYS,
  randomDeleteRange,
  randomPut,
  randomRange,
  randomTxn,
  type RequestWorld,
  TRICKY_KEYS,
} from "./random_requests.ts";

/** Leases that come and go. */
const LEASES: readonly bigint[] = [1n, 77n, 0x7fff_ffff_ffff_ffffn, -5n];

/** Which keys hang on which lease, as the store tells it. */
export class TestLeases implements LeaseRegistry {
  readonly keys = new Map<bigint, Set<string>>();

  constructor(ids: Iterable<bigint> = []) {
    for (const id of ids) this.keys.set(id, new Set());
  }

  has(id: bigint): boolean {
    return this.keys.has(id);
  }

  attach(id: bigint, key: string): void {
    const keys = this.keys.get(id);
    assert.ok(keys !== undefined && !keys.has(key), "a key is attached once, to a lease that is");
    keys.add(key);
  }

  detach(id: bigint, key: string): void {
    assert.ok(this.keys.get(id)?.delete(key), "what is detached was attached");
  }
}

export function refText(ref: KeyValueRef): string {
  return latin1FromBytes(ref.bytes, ref.start, ref.end);
}

function rangeText(result: RangeResult): ModelRange {
  return { kvs: result.kvs.map(refText), count: result.count, more: result.more };
}

function prevText(ref: KeyValueRef | undefined): string | undefined {
  return ref === undefined ? undefined : refText(ref);
}

function opText(result: OpResult): unknown {
  if (result.kind === "txn") return txnText(result);
  const { revision } = result;
  if (result.kind === "range") return { ...rangeText(result), revision };
  if (result.kind === "put") return { prevKv: prevText(result.prevKv), revision };
  return { deleted: result.deleted, prevKvs: result.prevKvs.map(refText), revision };
}

function txnText(result: TxnResult): unknown {
  return { succeeded: result.succeeded, responses: result.responses.map(opText) };
}

/** A result, or the refusal: both have to be the same on both sides. */
function outcome<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof EtcdError) return error.message;
    throw error;
  }
}

/** A store and the leases its keys hang on. */
interface StoreState {
  readonly store: Store;
  readonly leases: TestLeases;
}

/** A request that writes, to be applied to one store after the other. */
type Entry = (state: StoreState) => void;

/** Store and model side by side through one random history. */
export class History {
  readonly model = new ModelStore();
  protected readonly prng: Prng;
  /** Every request that wrote, in order. */
  protected readonly entries: Entry[] = [];
  /** The newest compaction of the present store. */
  protected compaction: Compaction | undefined;
  readonly #keys: readonly string[];
  readonly #maxValueBytes: number;
  #state: StoreState;

  constructor(seed: number, options: StoreOptions = {}) {
    const leases = new TestLeases();
    this.#state = { leases, store: new Store(leases, options) };
    this.prng = new Prng(seed);
    this.#keys = seed % 5 === 0 ? MANY_KEYS : TRICKY_KEYS;
    this.#maxValueBytes = seed % 25 === 0 ? 400_000 : 300;
  }

  get store(): Store {
    return this.#state.store;
  }

  get leases(): TestLeases {
    return this.#state.leases;
  }

  get world(): RequestWorld {
    return {
      keys: this.#keys,
      leases: [...this.leases.keys.keys()],
      oldestRevision: Math.max(this.model.compacted, 1),
      currentRevision: this.model.current,
      maxValueBytes: this.#maxValueBytes,
    };
  }

  step(): void {
    const prng = this.prng;
    const choice = prng.fraction();
    if (choice < 0.45) this.#put();
    else if (choice < 0.55) this.#deleteRange();
    else if (choice < 0.75) this.#txn();
    else if (choice < 0.9) this.compareRange(randomRange(prng, this.world));
    else if (choice < 0.93) this.#compareCursor(randomRange(prng, this.world));
    else if (choice < 0.95) this.#lease();
    else if (choice < 0.98) this.#compact();
    else this.compareHash(prng.between(this.world.oldestRevision - 1, this.model.current + 1));
    if (prng.chance(0.3)) this.compaction?.step(prng.between(1, 20));
    assert.equal(this.store.currentRevision, this.model.current);
  }

  #put(): void {
    const request = randomPut(this.prng, this.world);
    assert.deepEqual(
      this.#apply(({ store }) => prevText(store.put(request).prevKv)),
      outcome(() => this.model.put(request)),
    );
  }

  #deleteRange(): void {
    const request = randomDeleteRange(this.prng, this.world);
    // Most deletions of many keys are left out, or there would never be many.
    if (request.rangeEnd !== "" && this.prng.chance(0.8)) return;
    const result = this.#apply(({ store }) => {
      const { deleted, prevKvs } = store.deleteRange(request);
      return { deleted, prevKvs: prevKvs.map(refText) };
    });
    assert.deepEqual(result, this.model.deleteRange(request));
  }

  #txn(): void {
    const request = randomTxn(this.prng, this.world, 2);
    assert.deepEqual(
      this.#apply(({ store }) => txnText(store.txn(request))),
      outcome(() => this.model.txn(request)),
    );
  }

  #lease(): void {
    const id = this.prng.pick(LEASES);
    const keys = this.leases.keys.get(id);
    if (keys === undefined) {
      this.#apply(({ leases }) => leases.keys.set(id, new Set()));
      this.model.leases.add(id);
      return;
    }
    const sorted = [...keys].sort();
    assert.deepEqual(sorted, this.model.keysOf(id));
    const deleted = this.#apply(({ store }) => store.deleteKeys(sorted));
    assert.equal(deleted, this.model.deleteKeys(sorted));
    assert.equal(keys.size, 0);
    this.#apply(({ leases }) => leases.keys.delete(id));
    this.model.leases.delete(id);
  }

  #compact(): void {
    const { oldestRevision, currentRevision } = this.world;
    const revision = this.prng.between(oldestRevision - 1, currentRevision + 1);
    const refusal = this.#apply(({ store }) => {
      this.compaction = store.compact(revision);
    });
    assert.equal(refusal, outcome(() => this.model.compact(revision)));
  }

  /** What the entry returns or the refusal. */
  #apply<T>(entry: (state: StoreState) => T): T | string {
    this.entries.push(entry);
    return outcome(() => entry(this.#state));
  }

  /** Goes on with another store, after the entries from `first` on were applied to it. */
  protected replaceStore(state: StoreState, first: number): void {
    this.#state = state;
    for (const entry of this.entries.slice(first)) outcome(() => entry(state));
  }

  compareRange(request: RangeRequest): void {
    assert.deepEqual(
      outcome(() => rangeText(this.store.range(request))),
      outcome(() => this.model.range(request)),
    );
  }

  /** The same in slices, between which others write. */
  #compareCursor(request: RangeRequest): void {
    const expected = outcome(() => this.model.range(request));
    const cursor = outcome(() => this.store.openRange(request));
    if (typeof cursor === "string") {
      assert.equal(cursor, expected);
      return;
    }
    while (cursor.step(this.prng.between(1, 4))) if (this.prng.chance(0.3)) this.#put();
    assert.deepEqual(rangeText(cursor.result()), expected);
  }

  compareHash(revision: number): void {
    const { compacted, current } = this.model;
    if (revision < compacted || revision > current || revision < 1) return;
    const hash = this.store.hashKv(revision);
    while (hash.step(this.prng.between(1, 5)));
    assert.equal(hash.hash, this.model.hashKv(revision));
    assert.equal(hash.compactRevision, compacted);
  }

  /** All that can still be read, in every way. */
  compareEverything(): void {
    this.store.check();
    const { oldestRevision, currentRevision } = this.world;
    for (let revision = oldestRevision; revision <= currentRevision; revision++) {
      this.compareRange(RangeRequest.create({ key: "\0", rangeEnd: "\0", revision }));
      for (let i = 0; i < 2; i++) {
        this.compareRange({ ...randomRange(this.prng, this.world), revision });
      }
    }
    this.#compareChanges();
    this.compareHash(this.prng.between(oldestRevision, currentRevision));
  }

  #compareChanges(): void {
    const { oldestRevision, currentRevision, keys } = this.world;
    const from = this.prng.between(oldestRevision - 1, currentRevision);
    const to = this.prng.between(from, currentRevision + 1);
    const events = this.model.changes(from, to);
    const seen: unknown[] = [];
    this.store.scan(from, to, (change) => seen.push(changeText(change)) > 0);
    assert.deepEqual(seen, events.map((event) => this.#eventText(event)));
    const key = this.prng.pick(keys);
    const rangeEnd = this.prng.pick(["", "\0", this.prng.pick(keys)]);
    const inRange: unknown[] = [];
    this.store.scanRange(key, rangeEnd, from, to, (change) => inRange.push(changeText(change)) > 0);
    const expected = events.filter((event) =>
      rangeEnd === ""
        ? event.key === key
        : event.key >= key && (rangeEnd === "\0" || event.key < rangeEnd)
    );
    assert.deepEqual(inRange, expected.map((event) => this.#eventText(event)));
  }

  #eventText(event: ModelEvent): unknown {
    const { main, key, pair } = event;
    return {
      revision: main,
      key,
      deleted: pair === undefined,
      keyValue: pairText(pair ?? KeyValue.create({ key, modRevision: main })),
      created: pair?.version === 1,
      previous: this.model.previousOf(event),
    };
  }

  finishCompactions(): void {
    while (this.compaction?.step(50) === true);
    assert.equal(this.store.changeCount, this.model.retained().length);
  }
}

function changeText(change: Change): unknown {
  const { revision, key, deleted, created } = change;
  return {
    revision,
    key,
    deleted,
    keyValue: refText(change.keyValue),
    created,
    previous: prevText(change.previous()),
  };
}
