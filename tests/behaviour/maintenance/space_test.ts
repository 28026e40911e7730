import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { AlarmAction } from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { ctlLines, etcdctl } from "../../harness/etcdctl.ts";
import { type GrpcClient, refusal, withClient } from "../../harness/grpc_client.ts";
import {
  deleteRange,
  prefixEnd,
  put,
  range,
  rangePrefix,
  revisionOf,
} from "../../harness/kv_calls.ts";

const VALUE_BYTES = 20_000;
const VALUE = "x".repeat(VALUE_BYTES);

/** Puts so many values of that size. */
async function fill(client: GrpcClient, prefix: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => put(client, prefix + i, VALUE)));
}

/** Deletes all keys with the prefix, and their history from the disk. */
async function empty(client: GrpcClient, prefix: string): Promise<void> {
  await deleteRange(client, prefix, { rangeEnd: prefixEnd(prefix) });
  const revision = revisionOf(await range(client, prefix));
  await client.call(KV_SERVICE.compact, { revision, physical: true });
}

/**
 * The sizes of the file when all that was done before is in it. What one commit frees can be used
 * from the next one on.
 */
async function sizes(client: GrpcClient): Promise<{ total: number; inUse: number }> {
  for (let commit = 0; commit < 3; commit++) {
    await put(client, "another change", "");
    // Whoever hashes the file wants all of it.
    await client.call(MAINTENANCE_SERVICE.hash);
  }
  const { dbSize, dbSizeInUse } = await client.call(MAINTENANCE_SERVICE.status);
  assert.ok(dbSizeInUse <= dbSize, `${dbSizeInUse} of ${dbSize}`);
  return { total: dbSize, inUse: dbSizeInUse };
}

describeBothTargets("space", (test) => {
  test("what compaction frees is used again", async ({ client, prefix }) => {
    await fill(client, `${prefix}a`, 200);
    const full = await sizes(client);
    assert.ok(full.inUse > 200 * VALUE_BYTES);
    await empty(client, prefix);
    const emptied = await sizes(client);
    assert.ok(emptied.inUse < full.inUse - 150 * VALUE_BYTES, `${emptied.inUse}`);
    for (let round = 0; round < 3; round++) {
      await fill(client, `${prefix}b`, 200);
      await empty(client, prefix);
      const { total } = await sizes(client);
      assert.ok(total < full.total + 200 * VALUE_BYTES, `${total} after ${full.total}`);
    }
  });

  test("defragment makes the file small, and everything is there", async (context) => {
    const { client, prefix, server } = context;
    await fill(client, `${prefix}gone`, 400);
    await fill(client, `${prefix}kept`, 100);
    assert.ok((await sizes(client)).inUse > 500 * VALUE_BYTES);
    await empty(client, `${prefix}gone`);
    const before = await sizes(client);
    const live = await rangePrefix(client, prefix);
    await client.call(MAINTENANCE_SERVICE.defragment);
    const after = await sizes(client);
    assert.ok(after.total < before.total - 300 * VALUE_BYTES, `${after.total}`);
    assert.ok(after.total < 200 * VALUE_BYTES, `${after.total}`);
    assert.deepEqual((await rangePrefix(client, prefix)).kvs, live.kvs);
    await put(client, `${prefix}later`, "1");
    await client.close();
    await server.kill();
    await server.restart();
    await withClient(server, async (client) => {
      assert.deepEqual((await rangePrefix(client, `${prefix}kept`)).kvs, live.kvs);
      assert.equal((await range(client, `${prefix}later`)).count, 1);
      await empty(client, prefix);
    });
  });

  test("reads and writes go on while it defragments", async (context) => {
    const { client, prefix, server, target } = context;
    await fill(client, `${prefix}kept`, 1_000);
    let isDone = false;
    let answeredMeanwhile = 0;
    let puts = 0;
    await withClient(server, async (other) => {
      const defragmented = client.call(MAINTENANCE_SERVICE.defragment).then(() => {
        isDone = true;
      });
      while (!isDone) {
        await put(other, `${prefix}new${puts++}`, "1");
        const { count } = await range(other, `${prefix}kept7`, { countOnly: true });
        assert.equal(count, 1);
        if (!isDone) answeredMeanwhile++;
      }
      await defragmented;
    });
    // etcd lets everybody wait.
    if (target === "detcd") assert.ok(answeredMeanwhile > 0);
    assert.equal((await rangePrefix(client, `${prefix}new`, { countOnly: true })).count, puts);
    await client.close();
    await server.kill();
    await server.restart();
    await withClient(server, async (client) => {
      const found = await rangePrefix(client, prefix, { countOnly: true });
      assert.equal(found.count, 1_000 + puts);
      await empty(client, prefix);
    });
  });
});

describeBothTargets("a full file", (test) => {
  test("the way out is to compact, defragment and disarm", async (context) => {
    const { client, prefix, server } = context;
    let refused = { code: 0, text: "" };
    for (let i = 0; i < 1_000 && refused.code === 0; i++) {
      await put(client, prefix + i, VALUE).catch(async (error) => {
        refused = await refusal(Promise.reject(error));
      });
    }
    const noSpace = {
      code: GrpcCode.ResourceExhausted,
      text: "etcdserver: mvcc: database space exceeded",
    };
    assert.deepEqual(refused, noSpace);
    assert.deepEqual(await refusal(put(client, `${prefix}small`, "1")), noSpace);
    await empty(client, prefix);
    assert.equal((await etcdctl(server, ["defrag"])).exitCode, 0);
    const [alarm] = await ctlLines(server, ["alarm", "list"]);
    assert.match(alarm, /^memberID:\d+ alarm:NOSPACE $/);
    // Room alone is not enough: somebody has to say that it was seen to.
    assert.deepEqual(await refusal(put(client, `${prefix}small`, "1")), noSpace);
    assert.deepEqual(await ctlLines(server, ["alarm", "disarm"]), [alarm]);
    await put(client, `${prefix}small`, "1");
    await fill(client, `${prefix}more`, 10);
    const { alarms } = await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.GET });
    assert.deepEqual(alarms, []);
  });
}, { flags: ["--quota-backend-bytes=4000000"] });
