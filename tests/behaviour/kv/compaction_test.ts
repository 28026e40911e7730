import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type GrpcClient, refusal } from "../../harness/grpc_client.ts";
import { deleteRange, pairs, put, range, rangePrefix, revisionOf } from "../../harness/kv_calls.ts";

const COMPACTED = {
  code: GrpcCode.OutOfRange,
  text: "etcdserver: mvcc: required revision has been compacted",
};

function compact(client: GrpcClient, revision: number, physical = true): Promise<unknown> {
  return client.call(KV_SERVICE.compact, { revision, physical });
}

describeBothTargets("compaction", (test) => {
  test("reads below it are refused, at it and above are not", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const first = revisionOf(await put(client, key, "1"));
    const second = revisionOf(await put(client, key, "2"));
    await put(client, key, "3");
    await compact(client, second);
    assert.deepEqual(await refusal(range(client, key, { revision: first })), COMPACTED);
    const at = await range(client, key, { revision: second });
    assert.deepEqual(pairs(at.kvs, prefix), ["a=2"]);
    assert.deepEqual(pairs((await range(client, key)).kvs, prefix), ["a=3"]);
  });

  test("it makes no revision", async ({ client, prefix }) => {
    const revision = revisionOf(await put(client, `${prefix}a`, "1"));
    const response = await client.call(KV_SERVICE.compact, { revision });
    assert.equal(revisionOf(response), revision);
    assert.equal(revisionOf(await range(client, prefix)), revision);
  });

  test("again at the same revision or below is refused", async ({ client, prefix }) => {
    const revision = revisionOf(await put(client, `${prefix}a`, "1"));
    await compact(client, revision);
    assert.deepEqual(await refusal(compact(client, revision)), COMPACTED);
    assert.deepEqual(await refusal(compact(client, revision - 1)), COMPACTED);
    assert.deepEqual(await refusal(compact(client, 0)), COMPACTED);
    assert.deepEqual(await refusal(compact(client, -5)), COMPACTED);
  });

  test("at a revision of the future is refused", async ({ client, prefix }) => {
    const revision = revisionOf(await put(client, `${prefix}a`, "1"));
    assert.deepEqual(await refusal(compact(client, revision + 1)), {
      code: GrpcCode.OutOfRange,
      text: "etcdserver: mvcc: required revision is a future revision",
    });
  });

  test("versions and creation of the keys that live stay", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const created = revisionOf(await put(client, key, "1"));
    await put(client, key, "2");
    const modified = revisionOf(await put(client, key, "3"));
    const last = revisionOf(await put(client, `${prefix}b`, "1"));
    await compact(client, last);
    const { kvs } = await range(client, key);
    assert.deepEqual(
      [kvs[0].createRevision, kvs[0].modRevision, kvs[0].version],
      [created, modified, 3],
    );
    await put(client, key, "4");
    assert.equal((await range(client, key)).kvs[0].version, 4);
  });

  test("a deleted key stays deleted and begins anew behind it", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    await put(client, key, "1");
    await deleteRange(client, key);
    const last = revisionOf(await put(client, `${prefix}b`, "1"));
    await compact(client, last);
    assert.equal((await range(client, key)).count, 0);
    assert.equal((await range(client, key, { revision: last })).count, 0);
    const created = revisionOf(await put(client, key, "2"));
    const { kvs } = await range(client, key);
    assert.deepEqual([kvs[0].createRevision, kvs[0].version], [created, 1]);
  });

  test("right at a deletion, the key is gone at that revision", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    await put(client, key, "1");
    const deleted = revisionOf(await deleteRange(client, key));
    await put(client, `${prefix}b`, "1");
    await compact(client, deleted);
    const at = await rangePrefix(client, prefix, { revision: deleted });
    assert.deepEqual([at.kvs, at.count], [[], 0]);
  });

  test("prev_kv still knows the pair that lives", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    await put(client, key, "1");
    const last = revisionOf(await put(client, key, "2"));
    await compact(client, last);
    const { prevKv } = await put(client, key, "3", { prevKv: true });
    assert.deepEqual(pairs(prevKv === undefined ? [] : [prevKv], prefix), ["a=2"]);
  });

  test("a thousand old versions go, the newest stay", async ({ client, prefix }) => {
    let last = 0;
    for (let round = 0; round < 10; round++) {
      const puts = Array.from({ length: 100 }, (_, i) => put(client, `${prefix}${i}`, `${round}`));
      last = Math.max(...(await Promise.all(puts)).map(revisionOf));
    }
    await compact(client, last);
    const { kvs } = await rangePrefix(client, prefix);
    assert.equal(kvs.length, 100);
    assert.ok(kvs.every((kv) => kv.version === 10));
    const [old] = pairs((await range(client, `${prefix}0`, { revision: last })).kvs, prefix);
    assert.equal(old, "0=9");
  });
});
