import assert from "node:assert/strict";
import { bytesFromText, textFromBytes } from "../../../src/base/bytes.ts";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { Compare, CompareResult, CompareTarget } from "../../../src/pb/etcdserverpb.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type GrpcClient, refusal } from "../../harness/grpc_client.ts";
import {
  deleteOp,
  keys,
  pairs,
  put,
  putOp,
  range,
  rangeOp,
  rangePrefix,
  revisionOf,
  txn,
  txnOp,
} from "../../harness/kv_calls.ts";

const { EQUAL, GREATER, LESS, NOT_EQUAL } = CompareResult;

function compare(key: string, result: number, fields: Partial<Compare>): Compare {
  return Compare.create({ key, result, ...fields });
}

function valueIs(key: string, result: number, value: string): Compare {
  const target = CompareTarget.VALUE;
  return compare(key, result, { target, value: bytesFromText(value) });
}

function versionIs(key: string, result: number, version: number): Compare {
  return compare(key, result, { target: CompareTarget.VERSION, version });
}

async function holds(client: GrpcClient, ...compares: Compare[]): Promise<boolean> {
  return (await txn(client, { compare: compares })).succeeded;
}

describeBothTargets("txn", (test) => {
  test("an empty one succeeds and makes no revision", async ({ client, prefix }) => {
    const before = revisionOf(await range(client, prefix));
    const result = await txn(client, {});
    assert.deepEqual([result.succeeded, result.responses, revisionOf(result)], [true, [], before]);
  });

  test("success or failure is done, as the compare says", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const request = {
      compare: [versionIs(key, EQUAL, 0)],
      success: [putOp(key, "created")],
      failure: [putOp(key, "was there")],
    };
    assert.equal((await txn(client, request)).succeeded, true);
    assert.deepEqual(pairs((await range(client, key)).kvs, prefix), ["a=created"]);
    assert.equal((await txn(client, request)).succeeded, false);
    assert.deepEqual(pairs((await range(client, key)).kvs, prefix), ["a=was there"]);
  });

  test("compares versions, revisions and values in all four ways", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const created = revisionOf(await put(client, key, "m"));
    const modified = revisionOf(await put(client, key, "n"));
    const { CREATE, MOD, LEASE } = CompareTarget;
    const cases: readonly (readonly [Compare, boolean])[] = [
      [versionIs(key, EQUAL, 2), true],
      [versionIs(key, GREATER, 1), true],
      [versionIs(key, GREATER, 2), false],
      [versionIs(key, LESS, 3), true],
      [versionIs(key, LESS, 2), false],
      [versionIs(key, NOT_EQUAL, 2), false],
      [compare(key, EQUAL, { target: CREATE, createRevision: created }), true],
      [compare(key, LESS, { target: CREATE, createRevision: created }), false],
      [compare(key, EQUAL, { target: MOD, modRevision: modified }), true],
      [compare(key, GREATER, { target: MOD, modRevision: created }), true],
      [compare(key, EQUAL, { target: LEASE, lease: 0n }), true],
      [compare(key, NOT_EQUAL, { target: LEASE, lease: 0n }), false],
      [valueIs(key, EQUAL, "n"), true],
      [valueIs(key, NOT_EQUAL, "n"), false],
      [valueIs(key, GREATER, "m"), true],
      [valueIs(key, LESS, "na"), true],
      [valueIs(key, LESS, "m"), false],
    ];
    for (const [condition, wanted] of cases) {
      assert.equal(await holds(client, condition), wanted, JSON.stringify(condition, showBigints));
    }
  });

  test("a key that is not there counts as all zeros, and has no value", async ({ client, prefix }) => {
    const key = `${prefix}missing`;
    const { CREATE, MOD } = CompareTarget;
    assert.equal(await holds(client, versionIs(key, EQUAL, 0)), true);
    assert.equal(
      await holds(client, compare(key, EQUAL, { target: CREATE, createRevision: 0 })),
      true,
    );
    assert.equal(await holds(client, compare(key, LESS, { target: MOD, modRevision: 1 })), true);
    for (const result of [EQUAL, NOT_EQUAL, LESS, GREATER]) {
      assert.equal(await holds(client, valueIs(key, result, "")), false);
    }
  });

  test("all compares must hold", async ({ client, prefix }) => {
    await put(client, `${prefix}a`, "1");
    const [yes, no] = [versionIs(`${prefix}a`, EQUAL, 1), versionIs(`${prefix}a`, EQUAL, 2)];
    assert.deepEqual(
      [await holds(client, yes, yes), await holds(client, yes, no), await holds(client, no, yes)],
      [true, false, false],
    );
  });

  test("a compare over a range wants every key of it", async ({ client, prefix }) => {
    await put(client, `${prefix}a`, "1");
    await put(client, `${prefix}b`, "1");
    const all = { ...versionIs(`${prefix}a`, EQUAL, 1), rangeEnd: `${prefix}z` };
    assert.equal(await holds(client, all), true);
    await put(client, `${prefix}b`, "2");
    assert.equal(await holds(client, all), false);
    const none = { ...versionIs(`${prefix}x`, EQUAL, 0), rangeEnd: `${prefix}z` };
    assert.equal(await holds(client, none), true);
  });

  test("all writes share one revision and answer in order", async ({ client, prefix }) => {
    const before = revisionOf(await put(client, `${prefix}old`, "1"));
    const result = await txn(client, {
      success: [
        putOp(`${prefix}a`, "1"),
        deleteOp(`${prefix}old`, { prevKv: true }),
        putOp(`${prefix}b`, "2", { prevKv: true }),
        rangeOp(prefix, { rangeEnd: `${prefix}~` }),
      ],
    });
    assert.equal(revisionOf(result), before + 1);
    const [first, removed, second, read] = result.responses;
    assert.ok(first.responsePut !== undefined && second.responsePut !== undefined);
    assert.deepEqual(pairs(removed.responseDeleteRange?.prevKvs ?? [], prefix), ["old=1"]);
    assert.deepEqual(pairs(read.responseRange?.kvs ?? [], prefix), ["a=1", "b=2"]);
    const { kvs } = await rangePrefix(client, prefix);
    assert.deepEqual(kvs.map((kv) => kv.modRevision), [before + 1, before + 1]);
  });

  test("a read sees what the same transaction wrote before it", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const result = await txn(client, { success: [rangeOp(key), putOp(key, "1"), rangeOp(key)] });
    const reads = [result.responses[0], result.responses[2]].map((each) => each.responseRange);
    assert.deepEqual(reads.map((read) => pairs(read?.kvs ?? [], prefix)), [[], ["a=1"]]);
  });

  test("a read only one makes no revision", async ({ client, prefix }) => {
    const before = revisionOf(await put(client, `${prefix}a`, "1"));
    const result = await txn(client, {
      compare: [versionIs(`${prefix}a`, EQUAL, 1)],
      success: [rangeOp(`${prefix}a`)],
    });
    assert.deepEqual([revisionOf(result), result.responses.length], [before, 1]);
  });

  test("a delete that finds nothing makes no revision", async ({ client, prefix }) => {
    const before = revisionOf(await put(client, `${prefix}a`, "1"));
    const result = await txn(client, { success: [deleteOp(`${prefix}missing`)] });
    assert.equal(revisionOf(result), before);
    assert.equal(result.responses[0].responseDeleteRange?.deleted, 0);
  });

  test("transactions nest, each with its own compare", async ({ client, prefix }) => {
    const inner = (key: string, wantedVersion: number): ReturnType<typeof txnOp> =>
      txnOp({
        compare: [versionIs(key, EQUAL, wantedVersion)],
        success: [putOp(`${key}-yes`, "1")],
        failure: [putOp(`${key}-no`, "1")],
      });
    const before = revisionOf(await put(client, `${prefix}a`, "1"));
    const result = await txn(client, {
      success: [inner(`${prefix}a`, 1), txnOp({ success: [inner(`${prefix}b`, 7)] })],
    });
    assert.equal(revisionOf(result), before + 1);
    assert.equal(result.responses[0].responseTxn?.succeeded, true);
    const outer = result.responses[1].responseTxn;
    assert.equal(outer?.succeeded, true);
    assert.equal(outer?.responses[0].responseTxn?.succeeded, false);
    assert.deepEqual(keys((await rangePrefix(client, prefix)).kvs, prefix), ["a", "a-yes", "b-no"]);
  });

  test("an inner compare is decided before anything is written", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const result = await txn(client, {
      success: [
        putOp(key, "1"),
        txnOp({ compare: [versionIs(key, EQUAL, 0)], success: [putOp(`${prefix}b`, "before")] }),
      ],
    });
    assert.equal(result.responses[1].responseTxn?.succeeded, true);
  });

  test("the same key may be put in both branches, not twice in one", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    await txn(client, { success: [putOp(key, "1")], failure: [putOp(key, "2")] });
    const wanted = {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: duplicate key given in txn request",
    };
    const twice = [putOp(key, "1"), putOp(key, "2")];
    assert.deepEqual(await refusal(txn(client, { success: twice })), wanted);
    assert.deepEqual(await refusal(txn(client, { failure: twice })), wanted);
    const inside = [putOp(key, "1"), deleteOp(prefix, { rangeEnd: `${prefix}~` })];
    assert.deepEqual(await refusal(txn(client, { success: inside })), wanted);
    const nested = [putOp(key, "1"), txnOp({ success: [putOp(key, "2")] })];
    assert.deepEqual(await refusal(txn(client, { success: nested })), wanted);
  });

  test("two deletes may overlap", async ({ client, prefix }) => {
    await put(client, `${prefix}a`, "1");
    const result = await txn(client, { success: [deleteOp(`${prefix}a`), deleteOp(`${prefix}a`)] });
    assert.deepEqual(
      result.responses.map((each) => each.responseDeleteRange?.deleted),
      [1, 0],
    );
  });

  test("128 operations are taken, 129 are refused", async ({ client, prefix }) => {
    const ops = Array.from({ length: 129 }, (_, i) => putOp(`${prefix}${i}`, "x"));
    assert.equal((await txn(client, { success: ops.slice(0, 128) })).responses.length, 128);
    const wanted = {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: too many operations in txn request",
    };
    assert.deepEqual(await refusal(txn(client, { success: ops })), wanted);
    assert.deepEqual(await refusal(txn(client, { failure: ops })), wanted);
    const compares = ops.map((_, i) => versionIs(`${prefix}${i}`, EQUAL, 0));
    assert.deepEqual(await refusal(txn(client, { compare: compares })), wanted);
  });

  test("what is wrong in an operation refuses the whole", async ({ client, prefix }) => {
    const good = putOp(`${prefix}good`, "1");
    const cases: readonly (readonly [ReturnType<typeof putOp>, number, string])[] = [
      [putOp("", "1"), GrpcCode.InvalidArgument, "etcdserver: key is not provided"],
      [rangeOp(""), GrpcCode.InvalidArgument, "etcdserver: key is not provided"],
      [deleteOp(""), GrpcCode.InvalidArgument, "etcdserver: key is not provided"],
      [
        putOp(`${prefix}x`, "1", { lease: 4711n }),
        GrpcCode.NotFound,
        "etcdserver: requested lease not found",
      ],
      [
        putOp(`${prefix}x`, "", { ignoreValue: true }),
        GrpcCode.InvalidArgument,
        "etcdserver: key not found",
      ],
      [
        rangeOp(`${prefix}x`, { revision: 1_000_000 }),
        GrpcCode.OutOfRange,
        "etcdserver: mvcc: required revision is a future revision",
      ],
      [
        txnOp({ success: [putOp("", "1")] }),
        GrpcCode.InvalidArgument,
        "etcdserver: key is not provided",
      ],
    ];
    const before = revisionOf(await range(client, prefix));
    for (const [bad, code, text] of cases) {
      assert.deepEqual(await refusal(txn(client, { success: [good, bad] })), { code, text });
    }
    const after = await rangePrefix(client, prefix);
    assert.deepEqual([after.count, revisionOf(after)], [0, before]);
  });

  test("an error on the path not taken does not matter", async ({ client, prefix }) => {
    const result = await txn(client, {
      success: [putOp(`${prefix}a`, "1")],
      failure: [putOp(`${prefix}a`, "1", { lease: 4711n })],
    });
    assert.equal(result.succeeded, true);
  });

  test("a compare without a key is refused", async ({ client }) => {
    assert.deepEqual(await refusal(txn(client, { compare: [versionIs("", EQUAL, 0)] })), {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: key is not provided",
    });
  });

  test("put with prev_kv inside tells what was before the transaction", async ({ client, prefix }) => {
    await put(client, `${prefix}a`, "old");
    const { responses } = await txn(client, {
      success: [putOp(`${prefix}a`, "new", { prevKv: true })],
    });
    const previous = responses[0].responsePut?.prevKv;
    assert.equal(textFromBytes(previous?.value ?? new Uint8Array()), "old");
  });

  test("of many that compete for one key exactly one wins", async ({ client, prefix }) => {
    const key = `${prefix}lock`;
    const attempts = Array.from({ length: 50 }, (_, i) =>
      txn(client, {
        compare: [versionIs(key, EQUAL, 0)],
        success: [putOp(key, String(i))],
        failure: [rangeOp(key)],
      }));
    const results = await Promise.all(attempts);
    assert.equal(results.filter((result) => result.succeeded).length, 1);
    const winner = String(results.findIndex((result) => result.succeeded));
    for (const result of results) {
      if (!result.succeeded) {
        assert.deepEqual(pairs(result.responses[0].responseRange?.kvs ?? [], prefix), [
          `lock=${winner}`,
        ]);
      }
    }
  });
});

function showBigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
