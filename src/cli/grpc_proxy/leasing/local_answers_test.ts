import assert from "node:assert/strict";
import { Prng } from "../../../base/prng.ts";
import { type OpResult, Store } from "../../../core/mvcc/store.ts";
import {
  decoded,
  FakeLeases,
  putOp,
  range,
  rangeOp,
} from "../../../core/mvcc/testing/store_fixtures.ts";
import {
  Compare,
  PutRequest,
  RangeRequest,
  type RangeResponse,
  ResponseHeader,
  TxnRequest,
} from "../../../pb/etcdserverpb.ts";
import { answerRange, answerTxn, isReadOfOneKey } from "./local_answers.ts";
import type { KnownPair } from "./owned_key.ts";

const KEYS = ["a", "b", "c"];
const HEADER = ResponseHeader.create({ revision: 99 });

/** A store in which some of the keys are. */
function randomStore(prng: Prng): Store {
  const store = new Store(new FakeLeases());
  for (let i = 0; i < 6; i++) {
    store.put(PutRequest.create({ key: prng.pick(["a", "b", "x"]), value: prng.bytes(1) }));
  }
  return store;
}

function pairIn(store: Store, key: string): KnownPair {
  const [pair] = range(store, key).kvs;
  return { pair: pair && decoded(pair) };
}

function randomRange(prng: Prng): RangeRequest {
  const bound = (): number => prng.chance(0.7) ? 0 : prng.between(1, 8);
  return RangeRequest.create({
    key: prng.pick(KEYS),
    limit: prng.between(0, 2),
    keysOnly: prng.chance(0.3),
    countOnly: prng.chance(0.3),
    minModRevision: bound(),
    maxModRevision: bound(),
    minCreateRevision: bound(),
    maxCreateRevision: bound(),
  });
}

function randomCondition(prng: Prng): Compare {
  const small = (): number | undefined => prng.chance(0.1) ? undefined : prng.between(0, 6);
  return Compare.create({
    key: prng.pick(KEYS),
    result: prng.between(0, 4),
    target: prng.between(0, 5),
    version: small(),
    createRevision: small(),
    modRevision: small(),
    value: prng.chance(0.2) ? undefined : prng.bytes(prng.between(0, 1)),
    lease: prng.pick([undefined, 0n, 1n]),
  });
}

/** As much of an answer as does not depend on when it was given. */
function shown({ kvs, count, more }: Pick<RangeResponse, "kvs" | "count" | "more">) {
  return { kvs, count, more };
}

function shownResult(result: OpResult) {
  assert(result.kind === "range");
  return shown({ ...result, kvs: result.kvs.map(decoded) });
}

Deno.test("answerRange() answers as a store does", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const prng = new Prng(seed);
    const store = randomStore(prng);
    const request = randomRange(prng);
    const expected = store.range(request);
    const answer = answerRange(request, pairIn(store, request.key), HEADER);
    assert.deepEqual(
      shown(answer),
      shown({ ...expected, kvs: expected.kvs.map(decoded) }),
      `seed ${seed}`,
    );
    assert.equal(answer.header, HEADER);
  }
});

Deno.test("answerTxn() decides and answers as a store does", () => {
  for (let seed = 1; seed <= 500; seed++) {
    const prng = new Prng(seed);
    const store = randomStore(prng);
    const ops = () =>
      Array.from({ length: prng.between(0, 2) }, () => {
        const { key, ...fields } = randomRange(prng);
        return rangeOp(key, fields);
      });
    const compare = Array.from({ length: prng.between(0, 2) }, () => randomCondition(prng));
    const request = TxnRequest.create({ compare, success: ops(), failure: ops() });
    const answer = answerTxn(request, (key) => pairIn(store, key), HEADER);
    const expected = store.txn(request);
    assert.equal(answer?.succeeded, expected.succeeded, `seed ${seed}`);
    assert.deepEqual(
      answer?.responses.map(({ responseRange }) => responseRange && shown(responseRange)),
      expected.responses.map(shownResult),
      `seed ${seed}`,
    );
  }
});

Deno.test("answerTxn() leaves to the servers what depends on more than it knows", () => {
  const missing: KnownPair = { pair: undefined };
  const pairOf = (key: string) => key === "a" ? missing : undefined;
  const answer = (fields: Partial<TxnRequest>) =>
    answerTxn(TxnRequest.create(fields), pairOf, HEADER)?.succeeded;
  const isVersion = (key: string, version: number, rangeEnd = "") =>
    Compare.create({ key, rangeEnd, version });
  assert.equal(answer({ compare: [isVersion("a", 0)], success: [rangeOp("a")] }), true);
  assert.equal(answer({ compare: [isVersion("b", 0)] }), undefined);
  // One that does not hold decides, whatever the others are.
  assert.equal(answer({ compare: [isVersion("b", 0), isVersion("a", 1)] }), false);
  assert.equal(answer({ compare: [isVersion("a", 0, "b")] }), undefined);
  assert.equal(answer({ success: [rangeOp("b")] }), undefined);
  assert.equal(answer({ success: [rangeOp("a", { rangeEnd: "b" })] }), undefined);
  assert.equal(answer({ success: [rangeOp("a", { revision: 1 })] }), undefined);
  assert.equal(answer({ success: [putOp("a")] }), undefined);
  assert.equal(answer({ compare: [isVersion("a", 1)], success: [putOp("a")] }), false);
});

Deno.test("isReadOfOneKey() knows reads that need more than one pair, or an older one", () => {
  const isOne = (fields: Partial<RangeRequest>) => isReadOfOneKey(RangeRequest.create(fields));
  assert.equal(isOne({ key: "a" }), true);
  assert.equal(isOne({ key: "a", keysOnly: true, limit: 1, minModRevision: 3 }), true);
  const others: Partial<RangeRequest>[] = [
    { key: "" },
    { key: "a", rangeEnd: "b" },
    { key: "a", revision: 2 },
    { key: "a", sortOrder: 7 },
    { key: "a", sortTarget: 7 },
  ];
  for (const fields of others) assert.equal(isOne(fields), false);
});
