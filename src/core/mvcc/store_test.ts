import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import {
  DeleteRangeRequest,
  PutRequest,
  type RangeRequest,
  SortOrder,
  SortTarget,
} from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { Store } from "./store.ts";
import {
  decoded,
  FakeLeases,
  finish,
  keysOf,
  put,
  range,
  remove,
  storeOf,
  valueAt,
} from "./testing/store_fixtures.ts";

Deno.test("Store begins at revision 1 and adds one for each request that changes something", () => {
  const store = storeOf();
  assert.equal(store.currentRevision, 1);
  assert.equal(store.compactedRevision, -1);
  put(store, "a", "1");
  assert.equal(store.currentRevision, 2);
  assert.equal(remove(store, "b"), 0);
  assert.equal(store.currentRevision, 2);
  assert.equal(remove(store, "a"), 1);
  assert.equal(store.currentRevision, 3);
  assert.equal(store.keyCount, 0);
});

Deno.test("Store.put() counts versions from the creation of a key", () => {
  const store = storeOf();
  const versionOf = () => {
    const { createRevision, modRevision, version } = decoded(range(store, "a").kvs[0]);
    return [createRevision, modRevision, version];
  };
  put(store, "a", "1");
  assert.deepEqual(versionOf(), [2, 2, 1]);
  put(store, "a", "2");
  assert.deepEqual(versionOf(), [2, 3, 2]);
  remove(store, "a");
  put(store, "a", "3");
  assert.deepEqual(versionOf(), [5, 5, 1]);
});

Deno.test("Store.put() gives the previous pair only if asked for and there", () => {
  const store = storeOf();
  assert.equal(put(store, "a", "1", { prevKv: true }), undefined);
  assert.equal(put(store, "a", "2"), undefined);
  assert.deepEqual(put(store, "a", "3", { prevKv: true })?.value, bytesFromLatin1("2"));
  remove(store, "a");
  assert.equal(put(store, "a", "4", { prevKv: true }), undefined);
});

Deno.test("Store.put() keeps the value or the lease when told to", () => {
  const store = new Store(new FakeLeases(5n, 6n));
  put(store, "a", "1", { lease: 5n });
  put(store, "a", "", { ignoreValue: true, lease: 6n });
  assert.equal(valueAt(store, "a"), "1");
  assert.equal(decoded(range(store, "a").kvs[0]).lease, 6n);
  put(store, "a", "2", { ignoreLease: true });
  assert.equal(valueAt(store, "a"), "2");
  assert.equal(decoded(range(store, "a").kvs[0]).lease, 6n);
});

Deno.test("Store.put() refuses before it changes anything", () => {
  const store = new Store(new FakeLeases(5n));
  const refuses = (fields: Partial<PutRequest>, error: Error) =>
    assert.throws(() => put(store, "a", "", fields), error);
  refuses({ lease: 6n }, ETCD_ERRORS.leaseNotFound);
  refuses({ ignoreValue: true }, ETCD_ERRORS.keyNotFound);
  refuses({ ignoreLease: true }, ETCD_ERRORS.keyNotFound);
  refuses({ ignoreValue: true, lease: 6n }, ETCD_ERRORS.leaseNotFound);
  put(store, "a", "1");
  remove(store, "a");
  refuses({ ignoreValue: true }, ETCD_ERRORS.keyNotFound);
  assert.equal(store.currentRevision, 3);
});

Deno.test("Store.put() attaches, moves and detaches leases", () => {
  const leases = new FakeLeases(5n, -6n);
  const store = new Store(leases);
  put(store, "a", "", { lease: 5n });
  put(store, "b", "", { lease: 5n });
  assert.equal(leases.attached(5n), "a b");
  put(store, "a", "", { lease: -6n });
  assert.deepEqual([leases.attached(5n), leases.attached(-6n)], ["b", "a"]);
  put(store, "b", "");
  assert.equal(leases.attached(5n), "");
  put(store, "a", "", { ignoreLease: true });
  assert.equal(leases.attached(-6n), "a");
  remove(store, "a");
  assert.equal(leases.attached(-6n), "");
  put(store, "a", "");
  assert.equal(decoded(range(store, "a").kvs[0]).lease, 0n);
});

Deno.test("Store.deleteKeys() deletes what there is of the keys in one revision", () => {
  const store = storeOf("a", "b", "c");
  assert.equal(store.deleteKeys(["a", "c", "x"]), 2);
  assert.equal(store.currentRevision, 5);
  assert.equal(keysOf(range(store, "\0", { rangeEnd: "\0" })), "b");
  const subs: string[] = [];
  store.scan(5, 5, (change) => subs.push(change.key) > 0);
  assert.deepEqual(subs, ["a", "c"]);
  assert.equal(store.deleteKeys(["a"]), 0);
  assert.equal(store.currentRevision, 5);
});

Deno.test("Store.deleteRange() tells how many went and, if asked, which", () => {
  const store = storeOf("a", "b", "c", "d");
  const request = DeleteRangeRequest.create({ key: "b", rangeEnd: "d", prevKv: true });
  const { deleted, prevKvs } = store.deleteRange(request);
  assert.equal(deleted, 2);
  assert.deepEqual(prevKvs.map((ref) => decoded(ref).key), ["b", "c"]);
  assert.equal(remove(store, "b", { rangeEnd: "\0" }), 1);
  assert.equal(keysOf(range(store, "\0", { rangeEnd: "\0" })), "a");
  assert.equal(store.keyCount, 1);
});

interface RangeCase {
  readonly what: string;
  readonly key: string;
  readonly fields: Partial<RangeRequest>;
  readonly keys: string;
  readonly count: number;
  readonly more?: boolean;
}

/** Keys a, b, c, d and e exist; revisions 2 to 6 made them, 7 and 8 changed c and b. */
function alphabet(): Store {
  const store = storeOf("a", "b", "c", "d", "e");
  put(store, "c", "0");
  put(store, "b", "z");
  return store;
}

const ALL = { rangeEnd: "\0" };
const { ASCEND, DESCEND } = SortOrder;
const { VERSION, CREATE, MOD, VALUE } = SortTarget;

const RANGE_CASES: readonly RangeCase[] = [
  { what: "one key", key: "b", fields: {}, keys: "b", count: 1 },
  { what: "a missing key", key: "x", fields: {}, keys: "", count: 0 },
  { what: "a range", key: "b", fields: { rangeEnd: "d" }, keys: "b c", count: 2 },
  { what: "an empty range", key: "b", fields: { rangeEnd: "b" }, keys: "", count: 0 },
  { what: "a range turned round", key: "d", fields: { rangeEnd: "b" }, keys: "", count: 0 },
  { what: "all from a key on", key: "c", fields: ALL, keys: "c d e", count: 3 },
  { what: "everything", key: "\0", fields: ALL, keys: "a b c d e", count: 5 },
  { what: "a limit", key: "a", fields: { ...ALL, limit: 2 }, keys: "a b", count: 5, more: true },
  {
    what: "a limit that all fit in",
    key: "a",
    fields: { ...ALL, limit: 5 },
    keys: "a b c d e",
    count: 5,
  },
  { what: "a negative limit", key: "d", fields: { ...ALL, limit: -1 }, keys: "d e", count: 2 },
  {
    what: "count_only",
    key: "b",
    fields: { ...ALL, countOnly: true, limit: 1 },
    keys: "",
    count: 4,
  },
  {
    what: "keys downwards",
    key: "a",
    fields: { ...ALL, sortOrder: DESCEND, limit: 2 },
    keys: "e d",
    count: 5,
    more: true,
  },
  {
    what: "by value",
    key: "a",
    fields: { ...ALL, sortTarget: VALUE, sortOrder: ASCEND },
    keys: "c a d e b",
    count: 5,
  },
  {
    what: "by value downwards, cut",
    key: "a",
    fields: { ...ALL, sortTarget: VALUE, sortOrder: DESCEND, limit: 1 },
    keys: "b",
    count: 5,
    more: true,
  },
  {
    what: "by version, equal ones by key",
    key: "a",
    fields: { ...ALL, sortTarget: VERSION, sortOrder: ASCEND },
    keys: "a d e b c",
    count: 5,
  },
  {
    what: "by version downwards",
    key: "a",
    fields: { ...ALL, sortTarget: VERSION, sortOrder: DESCEND },
    keys: "b c a d e",
    count: 5,
  },
  {
    what: "by creation downwards",
    key: "a",
    fields: { ...ALL, sortTarget: CREATE, sortOrder: DESCEND },
    keys: "e d c b a",
    count: 5,
  },
  {
    what: "by modification",
    key: "a",
    fields: { ...ALL, sortTarget: MOD, sortOrder: ASCEND },
    keys: "a d e c b",
    count: 5,
  },
  {
    what: "a sort target without order",
    key: "a",
    fields: { ...ALL, sortTarget: MOD },
    keys: "a d e c b",
    count: 5,
  },
  {
    what: "the same with a limit, which cuts before it sorts",
    key: "a",
    fields: { ...ALL, sortTarget: MOD, limit: 2 },
    keys: "a c",
    count: 5,
    more: true,
  },
  {
    what: "min_mod_revision",
    key: "a",
    fields: { ...ALL, minModRevision: 6 },
    keys: "b c e",
    count: 5,
  },
  {
    what: "max_mod_revision with a limit",
    key: "a",
    fields: { ...ALL, maxModRevision: 6, limit: 1 },
    keys: "a",
    count: 5,
    more: true,
  },
  {
    what: "create revisions from to",
    key: "a",
    fields: { ...ALL, minCreateRevision: 3, maxCreateRevision: 4 },
    keys: "b c",
    count: 5,
  },
  { what: "an old revision", key: "a", fields: { ...ALL, revision: 4 }, keys: "a b c", count: 3 },
  {
    what: "an old revision cut",
    key: "a",
    fields: { ...ALL, revision: 4, limit: 2 },
    keys: "a b",
    count: 3,
    more: true,
  },
  {
    what: "an old revision downwards",
    key: "a",
    fields: { ...ALL, revision: 4, limit: 2, sortOrder: DESCEND },
    keys: "c b",
    count: 3,
    more: true,
  },
  {
    what: "an old revision counted",
    key: "a",
    fields: { ...ALL, revision: 4, countOnly: true },
    keys: "",
    count: 3,
  },
  { what: "a negative revision", key: "e", fields: { revision: -7 }, keys: "e", count: 1 },
  { what: "a key before it was", key: "e", fields: { revision: 5 }, keys: "", count: 0 },
];

for (const { what, key, fields, keys, count, more } of RANGE_CASES) {
  Deno.test(`Store.range() reads ${what}`, () => {
    const result = range(alphabet(), key, fields);
    assert.deepEqual(
      { keys: keysOf(result), count: result.count, more: result.more },
      { keys, count, more: more ?? false },
    );
  });
}

Deno.test("Store.range() reads every retained revision as it was", () => {
  const store = storeOf();
  put(store, "a", "1");
  put(store, "b", "2");
  remove(store, "a");
  put(store, "a", "3");
  const history = [2, 3, 4, 5].map((revision) => [
    keysOf(range(store, "\0", { ...ALL, revision })),
    valueAt(store, "a", revision),
  ]);
  assert.deepEqual(history, [["a", "1"], ["a b", "1"], ["b", undefined], ["a b", "3"]]);
});

Deno.test("Store.range() leaves out values with keys_only, and only them", () => {
  const store = new Store(new FakeLeases(9n));
  put(store, "a", "value");
  put(store, "b", "value", { lease: 9n });
  put(store, "c", "", { lease: 9n });
  const withValues = range(store, "a", ALL).kvs.map(decoded);
  const keysOnly = range(store, "a", { ...ALL, keysOnly: true }).kvs.map(decoded);
  assert.deepEqual(keysOnly, withValues.map((pair) => ({ ...pair, value: new Uint8Array() })));
});

Deno.test("Store.range() refuses revisions that are not yet or no longer", () => {
  const store = alphabet();
  assert.throws(() => range(store, "a", { revision: 9 }), ETCD_ERRORS.futureRev);
  finish(store.compact(5));
  assert.throws(() => range(store, "a", { revision: 4 }), ETCD_ERRORS.compacted);
  assert.equal(keysOf(range(store, "a", { ...ALL, revision: 5 })), "a b c d");
});

Deno.test("Store hands out bytes that stay as they are", () => {
  const store = storeOf("a");
  const before = range(store, "a").kvs[0];
  put(store, "a", "changed");
  finish(store.compact(3));
  assert.deepEqual(decoded(before).value, bytesFromLatin1("a"));
});

Deno.test("Store takes keys and values of any size", () => {
  const store = storeOf();
  const key = "k".repeat(1_500_000);
  put(store, key, "v".repeat(2_000_000));
  put(store, key + "2", "");
  assert.equal(valueAt(store, key)?.length, 2_000_000);
  assert.equal(range(store, "k", ALL).count, 2);
  remove(store, "k", ALL);
  finish(store.compact(store.currentRevision));
  put(store, "b", "");
  finish(store.compact(store.currentRevision));
  store.check();
  assert.equal(store.changeCount, 1);
});

Deno.test("Store counts its work", () => {
  const store = new Store(new FakeLeases());
  put(store, "ab", "cde");
  range(store, "ab");
  remove(store, "ab");
  put(store, "x", "");
  finish(store.compact(4));
  assert.deepEqual(store.counters, {
    ranges: 1,
    puts: 2,
    deletes: 1,
    txns: 0,
    putBytes: 6,
    compactedChanges: 2,
  });
  assert.ok(store.sizeInUseBytes > 33 && store.sizeInUseBytes < 60, "one small pair is left");
});
