import assert from "node:assert/strict";
import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import {
  Compare,
  CompareResult,
  CompareTarget,
  PutRequest,
  RangeRequest,
  SortTarget,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import type { KeyValueRef } from "./change.ts";
import { Store } from "./store.ts";
import {
  decoded,
  FakeLeases,
  finish,
  keysOf,
  put,
  putOp,
  remove,
  valueAt,
} from "./testing/store_fixtures.ts";

const KEYS = Array.from({ length: 40 }, (_, i) => `key-${String(i).padStart(2, "0")}`);

/** A store of which nearly all values are evicted, and how often they were read back. */
class EvictedStore {
  readonly store: Store;
  reads = 0;
  readonly #pairs = new Map<string, Uint8Array>();

  constructor(write: (store: Store) => void) {
    const stored = { read: (main: number, sub: number) => this.#read(main, sub) };
    this.store = new Store(new FakeLeases(7n), { valueCacheBytes: 0, stored });
    write(this.store);
    // The slab that is being filled stays, so fill it with other values.
    for (let i = 0; i < 10; i++) put(this.store, "filling", "f".repeat(20));
    const checkpoint = this.store.beginCheckpoint();
    while (
      checkpoint.step(10, (main, sub, _tombstone, bytes, start, end) => {
        this.#pairs.set(`${main}.${sub}`, bytes.slice(start, end));
      })
    );
    this.store.checkpointed(checkpoint.revision);
    while (this.store.evict(1_000));
    this.store.check();
    this.reads = 0;
  }

  #read(main: number, sub: number): KeyValueRef {
    this.reads++;
    const bytes = this.#pairs.get(`${main}.${sub}`);
    assert.ok(bytes !== undefined, `revision ${main}.${sub} is in the file`);
    return { bytes, start: 0, end: bytes.length };
  }
}

function putAll(store: Store): void {
  for (const key of KEYS) put(store, key, `value of ${key}`, { lease: 7n });
}

Deno.test("Store reads evicted pairs back for ranges of now and of the past", () => {
  const evicted = new EvictedStore((store) => {
    putAll(store);
    put(store, "key-00", "new");
    put(store, "other", "o".repeat(200));
  });
  const { store } = evicted;
  assert.equal(valueAt(store, "key-00"), "new");
  assert.equal(valueAt(store, "key-00", 41), "value of key-00");
  assert.equal(evicted.reads, 2);
  const all = RangeRequest.create({ key: "key-", rangeEnd: "key.", sortTarget: SortTarget.VALUE });
  assert.equal(store.range(all).kvs.length, 40);
  assert.equal(decoded(store.range(all).kvs[0]).key, "key-00");
  assert.ok(evicted.reads > 80);
});

Deno.test("Store uses evicted values for prev_kv, ignore_value, ignore_lease and compares", () => {
  const { store } = new EvictedStore(putAll);
  assert.equal(
    latin1FromBytes(put(store, "key-01", "x", { prevKv: true })?.value ?? new Uint8Array()),
    "value of key-01",
  );
  store.put(PutRequest.create({ key: "key-02", ignoreValue: true }));
  assert.equal(valueAt(store, "key-02"), "value of key-02");
  put(store, "key-03", "x", { ignoreLease: true });
  assert.equal(decoded(store.range(RangeRequest.create({ key: "key-03" })).kvs[0]).lease, 7n);
  const compare = Compare.create({
    key: "key-04",
    target: CompareTarget.VALUE,
    result: CompareResult.EQUAL,
    value: bytesFromLatin1("value of key-04"),
  });
  assert.equal(
    store.txn(TxnRequest.create({ compare: [compare], success: [putOp("z")] })).succeeded,
    true,
  );
  store.check();
});

Deno.test("Store makes tombstones without reading, and reads what was before them", () => {
  const evicted = new EvictedStore((store) => {
    putAll(store);
    remove(store, "key-05");
    put(store, "other", "o".repeat(200));
  });
  const seen: string[] = [];
  evicted.store.scan(42, 42, ({ keyValue, deleted, previous }) => {
    assert.equal(deleted, true);
    const { key, modRevision } = decoded(keyValue);
    seen.push(`${key} ${modRevision}`);
    assert.ok(previous !== undefined);
    return true;
  });
  assert.deepEqual(seen, ["key-05 42"]);
  assert.equal(evicted.reads, 0);
  evicted.store.scan(42, 42, (change) => {
    const before = change.previous();
    assert.ok(before !== undefined);
    assert.equal(latin1FromBytes(decoded(before).value), "value of key-05");
    return true;
  });
  assert.equal(evicted.reads, 1);
});

Deno.test("Store compacts what is evicted, without reading it", () => {
  const evicted = new EvictedStore((store) => {
    putAll(store);
    putAll(store);
    for (const key of KEYS.slice(0, 10)) remove(store, key);
    put(store, "other", "o".repeat(200));
  });
  const { store } = evicted;
  finish(store.compact(store.currentRevision));
  assert.equal(evicted.reads, 0);
  assert.equal(
    keysOf(store.range(RangeRequest.create({ key: "key-", rangeEnd: "key." }))),
    KEYS.slice(10).join(" "),
  );
  store.check();
});

Deno.test("Store needs something to read from if it does not hold all values", () => {
  assert.throws(() => new Store(new FakeLeases(), { valueCacheBytes: 1_000 }), /lie elsewhere/);
});
