import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../../base/bytes.ts";
import { Prng } from "../../../base/prng.ts";
import { Store } from "../../../core/mvcc/store.ts";
import { decoded, FakeLeases, range } from "../../../core/mvcc/testing/store_fixtures.ts";
import { DeleteRangeRequest, PutRequest } from "../../../pb/etcdserverpb.ts";
import { KeyValue } from "../../../pb/mvccpb.ts";
import { CacheBudget } from "./cache_budget.ts";
import { LEASING_LIMITS } from "./limits.ts";
import { OwnedKey, type PairChange } from "./owned_key.ts";

const READER = { callerKey: "alice", nowMs: 1000 };
const VALUE = bytesFromLatin1("v");

function pairOf(fields: Partial<KeyValue> = {}): KeyValue {
  const numbers = { createRevision: 2, modRevision: 2, version: 1 };
  return KeyValue.create({ key: "k", value: VALUE, ...numbers, ...fields });
}

function newKey(budget = new CacheBudget(1_000_000)): OwnedKey {
  return new OwnedKey("k", 5, 0, budget);
}

function knownKey(pair: KeyValue | undefined, budget?: CacheBudget): OwnedKey {
  const owned = newKey(budget);
  owned.learn(owned.mark, READER, pair, 5);
  return owned;
}

function known(owned: OwnedKey): KeyValue | undefined | "unknown" {
  const found = owned.knownTo(READER.callerKey, READER.nowMs);
  return found === undefined ? "unknown" : found.pair;
}

function putAt(revision: number, fields: Partial<PutRequest> = {}): PairChange {
  return { revision, put: PutRequest.create({ key: "k", value: VALUE, ...fields }) };
}

/** Does something random with the one key of a store; undefined if the store refuses it. */
function writeTo(store: Store, prng: Prng): PairChange | undefined {
  if (prng.chance(0.3)) {
    store.deleteRange(DeleteRangeRequest.create({ key: "k" }));
    return { revision: store.currentRevision, put: undefined };
  }
  const put = PutRequest.create({
    key: "k",
    value: prng.bytes(3),
    ignoreValue: prng.chance(0.2),
    ignoreLease: prng.chance(0.2),
  });
  if (put.ignoreValue) put.value = new Uint8Array(0);
  try {
    store.put(put);
    return { revision: store.currentRevision, put };
  } catch {
    return undefined;
  }
}

Deno.test("OwnedKey knows what a store has, whatever the order in which writes are answered", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const prng = new Prng(seed);
    const store = new Store(new FakeLeases());
    const owned = newKey();
    owned.learn(owned.mark, READER, undefined, store.currentRevision);
    /** What the store has done and the proxy has not heard of. */
    const unanswered: PairChange[] = [];
    for (let i = 0; i < 200; i++) {
      if (unanswered.length < 4 && prng.chance(0.5)) {
        owned.writeBegins();
        const change = writeTo(store, prng);
        if (change === undefined) owned.writeEnds([]);
        else unanswered.push(change);
      } else if (unanswered.length > 0) {
        const [change] = unanswered.splice(prng.between(0, unanswered.length - 1), 1);
        owned.writeEnds([change]);
      }
      const [pair] = range(store, "k").kvs;
      const expected = unanswered.length > 0 ? "unknown" : pair && decoded(pair);
      assert.deepEqual(known(owned), expected, `seed ${seed}, step ${i}`);
    }
  }
});

Deno.test("OwnedKey tells a caller only what that caller has read, and not for ever", () => {
  const owned = knownKey(pairOf());
  const { permissionMs, readersPerKey } = LEASING_LIMITS;
  assert.notEqual(owned.knownTo("alice", READER.nowMs + permissionMs - 1), undefined);
  assert.equal(owned.knownTo("alice", READER.nowMs + permissionMs), undefined);
  assert.equal(owned.knownTo("bob", READER.nowMs), undefined);
  for (let i = 0; i < readersPerKey; i++) {
    owned.learn(owned.mark, { ...READER, callerKey: `user ${i}` }, pairOf(), 5);
  }
  assert.equal(owned.knownTo("alice", READER.nowMs), undefined);
  assert.notEqual(owned.knownTo("user 0", READER.nowMs), undefined);
});

Deno.test("OwnedKey does not learn from a read that a write has crossed", () => {
  const owned = knownKey(pairOf());
  const before = owned.mark;
  owned.writeBegins();
  const during = owned.mark;
  owned.writeEnds([putAt(7)]);
  for (const mark of [before, during]) {
    owned.learn(mark, { ...READER, callerKey: "bob" }, pairOf(), 6);
    assert.equal(owned.knownTo("bob", READER.nowMs), undefined);
  }
  assert.deepEqual(known(owned), pairOf({ modRevision: 7, version: 2 }));
});

Deno.test("OwnedKey never knows a pair on a lease", () => {
  const owned = knownKey(pairOf({ lease: 7n }));
  assert.equal(known(owned), "unknown");
  owned.writeBegins();
  owned.writeEnds([putAt(8)]);
  // It may have been deleted with its lease before the put.
  assert.equal(known(owned), "unknown");
  owned.writeBegins();
  owned.writeEnds([{ revision: 9, put: undefined }]);
  assert.equal(known(owned), undefined);
  owned.writeBegins();
  owned.writeEnds([putAt(10, { lease: 7n })]);
  assert.equal(known(owned), "unknown");
});

Deno.test("OwnedKey.untilIdle() waits for all writes, or until the key is dropped", async () => {
  const owned = knownKey(pairOf());
  await owned.untilIdle();
  const order: string[] = [];
  for (let i = 0; i < 2; i++) owned.writeBegins();
  const waiting = owned.untilIdle().then(() => order.push("idle"));
  owned.writeEnds([]);
  await Promise.resolve();
  order.push("one is left");
  owned.writeEnds([]);
  await waiting;
  assert.deepEqual(order, ["one is left", "idle"]);
  owned.writeBegins();
  const dropped = owned.untilIdle();
  owned.drop();
  await dropped;
  owned.writeEnds([putAt(9)]);
  assert.equal(known(owned), "unknown");
});

Deno.test("OwnedKey keeps no more bytes than there are for all", () => {
  const budget = new CacheBudget(1_000);
  const small = knownKey(pairOf(), budget);
  const large = knownKey(pairOf({ value: new Uint8Array(900) }), budget);
  assert.deepEqual(known(small), pairOf());
  assert.equal(known(large), "unknown");
  small.writeBegins();
  small.writeEnds([putAt(8, { value: new Uint8Array(900) })]);
  assert.equal(known(small), "unknown");
  assert.equal(budget.takenBytes, 0);
  large.learn(large.mark, READER, pairOf(), 9);
  assert.deepEqual(known(large), pairOf());
  large.drop();
  assert.equal(budget.takenBytes, 0);
});
