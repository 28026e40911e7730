import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { RangeRequest } from "../../pb/etcdserverpb.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import { Store, type StoreRestore } from "./store.ts";
import {
  decoded,
  FakeLeases,
  finish,
  hashOf,
  keysOf,
  put,
  range,
  remove,
  valueAt,
} from "./testing/store_fixtures.ts";
import { StoredChangeError } from "./stored_change_error.ts";

const EMPTY = new Uint8Array();

function pair(main: number, fields: Partial<KeyValue> = {}): Uint8Array {
  return KeyValue.encode(
    KeyValue.create({
      key: "a",
      createRevision: main,
      modRevision: main,
      version: 1,
      value: bytesFromLatin1(`value ${main}`),
      ...fields,
    }),
  );
}

function addPut(restore: StoreRestore, main: number, fields: Partial<KeyValue> = {}): void {
  const bytes = pair(main, fields);
  restore.add(main, 0, false, bytes, 0, bytes.length);
}

function addTombstone(restore: StoreRestore, main: number, key: string): void {
  const bytes = KeyValue.encode(KeyValue.create({ key }));
  restore.add(main, 0, true, bytes, 0, bytes.length);
}

function newStore(
  ...leases: bigint[]
): { store: Store; restore: StoreRestore; leases: FakeLeases } {
  const fake = new FakeLeases(...leases);
  const store = new Store(fake);
  return { store, restore: store.beginRestore(), leases: fake };
}

Deno.test("StoreRestore.finish() sets the revisions by what is highest", () => {
  const cases = [
    { scheduled: -1, finished: -1, current: 5, compacted: -1 },
    { scheduled: 4, finished: 3, current: 5, compacted: 4 },
    { scheduled: 3, finished: 4, current: 5, compacted: 4 },
    { scheduled: 9, finished: 9, current: 9, compacted: 9 },
    { scheduled: 9, finished: -1, current: 9, compacted: 9 },
  ];
  for (const { scheduled, finished, current, compacted } of cases) {
    const { store, restore } = newStore();
    addPut(restore, 5);
    const compaction = restore.finish(scheduled, finished);
    assert.equal(store.currentRevision, current);
    assert.equal(store.compactedRevision, compacted);
    assert.equal(store.finishedCompactRevision, finished);
    assert.equal(compaction?.revision, scheduled > finished ? scheduled : undefined);
    store.check();
    put(store, "b", "");
    assert.equal(store.currentRevision, current + 1);
  }
});

Deno.test("StoreRestore makes an empty store of an empty file", () => {
  const { store, restore } = newStore();
  assert.equal(restore.finish(-1, -1), undefined);
  assert.equal(store.currentRevision, 1);
  assert.equal(put(store, "a", "1"), undefined);
  store.check();
});

Deno.test("StoreRestore goes on with a compaction that was not finished, from the beginning", () => {
  const { store, restore } = newStore();
  // A compaction at 3 had kept 2, and one at 6 was asked for and has removed nothing yet.
  addPut(restore, 2);
  addPut(restore, 4, { createRevision: 2, version: 2 });
  addTombstone(restore, 5, "b");
  addPut(restore, 6, { key: "c" });
  const compaction = restore.finish(6, 3);
  assert.ok(compaction !== undefined);
  finish(compaction);
  assert.equal(store.changeCount, 2);
  assert.equal(store.finishedCompactRevision, 6);
  const { removals } = store.beginCheckpoint();
  assert.deepEqual([removals.count, removals.main(0), removals.main(1)], [2, 2, 5]);
  store.check();
});

Deno.test("StoreRestore lets the next compaction remove what the last one left for watches", () => {
  const { store, restore } = newStore();
  addTombstone(restore, 4, "b");
  addPut(restore, 5);
  assert.equal(restore.finish(4, 4), undefined);
  assert.equal(store.changeCount, 2);
  finish(store.compact(5));
  assert.equal(store.changeCount, 1);
});

Deno.test("StoreRestore attaches the keys that have a lease now to leases that exist", () => {
  const { store, restore, leases } = newStore(1n, -5n);
  addPut(restore, 2, { lease: 1n });
  addPut(restore, 3, { key: "b", lease: -5n });
  addPut(restore, 4, { key: "c", lease: 99n });
  addPut(restore, 5, { createRevision: 2, version: 2, lease: -5n });
  addPut(restore, 6, { key: "d", lease: 1n });
  addTombstone(restore, 7, "d");
  restore.finish(-1, -1);
  assert.equal(leases.attached(1n), "");
  assert.equal(leases.attached(-5n), "a b");
  assert.equal(decoded(range(store, "c").kvs[0]).lease, 99n);
  store.check();
  put(store, "c", "without the lease that is gone");
  put(store, "a", "");
  assert.equal(leases.attached(-5n), "b");
  store.check();
});

Deno.test("StoreRestore takes a bumped revision as etcd does", () => {
  const { store, restore } = newStore();
  const one = (value: string) => ({ value: bytesFromLatin1(value) });
  addPut(restore, 2, one("1"));
  addPut(restore, 3, { key: "b", ...one("2") });
  addPut(restore, 4, { createRevision: 2, version: 2, ...one("3") });
  restore.add(100, 0, false, EMPTY, 0, 0);
  restore.finish(-1, -1);
  assert.equal(store.currentRevision, 100);
  assert.equal(store.keyCount, 2);
  // These are the hashes of etcd 3.4.23 on a file with these four pairs, before and behind two
  // compactions; it keeps the bumped revision in its file.
  assert.equal(hashOf(store), 2067746802);
  put(store, "c", "4");
  finish(store.compact(101));
  assert.equal(hashOf(store), 793187446);
  put(store, "c", "5");
  finish(store.compact(102));
  assert.equal(hashOf(store), 1871504970);
  const { removals } = store.beginCheckpoint();
  assert.deepEqual([removals.count, removals.main(0)], [1, 2]);
});

Deno.test("StoreRestore lets a bumped revision count as a key, as etcd does", () => {
  const { store, restore } = newStore();
  addPut(restore, 2, { value: bytesFromLatin1("1") });
  restore.add(100, 0, false, EMPTY, 0, 0);
  restore.finish(-1, -1);
  finish(store.compact(100));
  remove(store, "a");
  // What etcd 3.4.23 tells after the same.
  assert.equal(hashOf(store), 4230611324);
});

Deno.test("StoreRestore lets a compaction remove a bumped revision when there is a newer one", () => {
  const { store, restore } = newStore();
  restore.add(100, 0, false, EMPTY, 0, 0);
  addPut(restore, 101);
  restore.add(200, 0, false, EMPTY, 0, 0);
  restore.add(300, 0, false, EMPTY, 0, 0);
  restore.finish(-1, -1);
  finish(store.compact(250));
  const { removals } = store.beginCheckpoint();
  assert.deepEqual([removals.count, removals.main(0)], [1, 100]);
});

Deno.test("StoreRestore refuses pairs that cannot be, and tells what is wrong with them", () => {
  const good = pair(7);
  const cases: {
    what: RegExp;
    bytes: Uint8Array;
    main?: number;
    sub?: number;
    tombstone?: boolean;
  }[] = [
    { what: /^revision 4\.0 follows revision 5\.0$/, bytes: pair(4), main: 4 },
    { what: /^revision 5\.0 follows revision 5\.0$/, bytes: pair(5), main: 5 },
    { what: /^revision 7\.536870912 cannot exist$/, bytes: good, sub: 2 ** 29 },
    { what: /mod_revision 8$/, bytes: pair(8) },
    { what: /create_revision 9 and version 1$/, bytes: pair(7, { key: "b", createRevision: 9 }) },
    { what: /create_revision 6 and version 1$/, bytes: pair(7, { key: "b", createRevision: 6 }) },
    { what: /create_revision 7 and version 0$/, bytes: pair(7, { key: "b", version: 0 }) },
    {
      what: /create_revision 5 and version 3, which does not follow version 1$/,
      bytes: pair(7, { createRevision: 5, version: 3 }),
    },
    {
      what: /create_revision 4 and version 2, which does not follow version 1$/,
      bytes: pair(7, { createRevision: 4, version: 2 }),
    },
    { what: /is not a KeyValue$/, bytes: pair(7, { key: "" }) },
    { what: /is not a KeyValue$/, bytes: good.slice(0, -1) },
    {
      what: /is not a KeyValue$/,
      bytes: Uint8Array.of(...good.slice(0, 7), 0x20, ...new Uint8Array(7).fill(0xff), 0x1f),
    },
    { what: /is not a KeyValue$/, bytes: Uint8Array.of(...good, 0) },
    { what: /is not a KeyValue$/, bytes: Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x61) },
    { what: /is not a KeyValue$/, bytes: Uint8Array.of(0x0a, 0x01, 0x61, 0x10) },
    { what: /is not a KeyValue$/, bytes: Uint8Array.of(0x0a, 0x01, 0x61, 0x10, 0x80) },
    { what: /is not a KeyValue$/, bytes: Uint8Array.of(0x0a, ...new Uint8Array(40).fill(0xff)) },
    { what: /the value of which is not a key$/, bytes: good, tombstone: true },
    { what: /the value of which is not a key$/, bytes: EMPTY, tombstone: true },
  ];
  for (const { what, bytes, main = 7, sub = 0, tombstone = false } of cases) {
    const { restore } = newStore();
    addPut(restore, 5);
    assert.throws(
      () => restore.add(main, sub, tombstone, bytes, 0, bytes.length),
      (error) => error instanceof StoredChangeError && what.test(error.message),
      String(what),
    );
  }
  const { restore } = newStore();
  assert.throws(() => addPut(restore, 1), /^StoredChangeError: revision 1\.0 cannot exist$/);
});

Deno.test("StoreRestore throws nothing but StoredChangeErrors, whatever the bytes", () => {
  const prng = new Prng(21);
  let accepted = 0;
  let refused = 0;
  for (let i = 0; i < 2_000; i++) {
    const { store, restore } = newStore();
    const bytes = pair(7, { lease: prng.chance(0.5) ? -7n : 0n });
    const damaged = Uint8Array.of(...bytes, ...prng.bytes(prng.chance(0.2) ? 3 : 0));
    for (let flips = prng.between(1, 3); flips > 0; flips--) {
      damaged[prng.between(0, damaged.length - 1)] = prng.between(0, 255);
    }
    const end = prng.chance(0.2) ? prng.between(0, damaged.length) : damaged.length;
    const tombstone = prng.chance(0.1);
    try {
      restore.add(7, 0, tombstone, damaged, 0, end);
      accepted++;
    } catch (error) {
      assert.ok(error instanceof StoredChangeError, String(error));
      refused++;
      continue;
    }
    restore.finish(-1, -1);
    store.check();
    if (end === 0) continue;
    const { key } = KeyValue.decode(damaged, 0, end);
    assert.equal(range(store, key).count, tombstone ? 0 : 1);
  }
  assert.ok(accepted > 100 && refused > 100);
});

Deno.test("StoreRestore leaves values where they are, and those that are read are kept up to the budget", () => {
  const reads: number[] = [];
  const stored = {
    read: (main: number) => {
      reads.push(main);
      const bytes = pair(main, { key: `key-${main}` });
      return { bytes, start: 0, end: bytes.length };
    },
  };
  const store = new Store(new FakeLeases(), { valueCacheBytes: 50_000, stored });
  const restore = store.beginRestore();
  for (let main = 2; main <= 10_001; main++) addPut(restore, main, { key: `key-${main}` });
  let slices = 0;
  while (restore.finishStep(-1, -1)) slices++;
  assert.ok(slices > 5);
  restore.finish(-1, -1);
  assert.deepEqual(reads, []);
  assert.equal(valueAt(store, "key-10001"), "value 10001");
  assert.equal(valueAt(store, "key-10001"), "value 10001");
  assert.deepEqual(reads, [10001]);
  assert.equal(valueAt(store, "key-2"), "value 2");
  assert.deepEqual(reads, [10001, 2]);
  for (let main = 2; main <= 10_001; main++) valueAt(store, `key-${main}`);
  assert.ok(store.valueBytesAllocated > 40_000 && store.valueBytesAllocated <= 60_000);
  store.check();
  reads.length = 0;
  assert.equal(valueAt(store, "key-10001"), "value 10001");
  assert.equal(valueAt(store, "key-9000"), "value 9000");
  assert.deepEqual(reads, [9000]);
  const first = store.range(RangeRequest.create({ key: "key-", rangeEnd: "\0", limit: 3 }));
  assert.equal(keysOf(first), "key-10 key-100 key-1000");
  assert.equal(first.count, 10_000);
});

Deno.test("Store.beginRestore() wants an empty store", () => {
  const { store, restore } = newStore();
  addPut(restore, 2);
  restore.finish(-1, -1);
  assert.throws(() => store.beginRestore(), /empty/);
});
