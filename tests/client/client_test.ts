import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import type { Client } from "../../src/embed/client/client.ts";
import { connect } from "../../src/embed/client/connect.ts";
import { ClientError } from "../../src/embed/client/client_error.ts";
import { compare, op } from "../../src/embed/client/kv/txn.ts";
import { describeBothTargets, type TestContext } from "../harness/both_targets.ts";

describeBothTargets("Client", (test) => {
  const define = (
    name: string,
    body: (client: Client, context: TestContext) => Promise<void>,
  ): void =>
    test(name, async (context) => {
      await using client = await connect(context.server.endpoint);
      await body(client, context);
    });

  define("puts and gets a pair with all that is known of it", async (client, { prefix }) => {
    const first = await client.put(`${prefix}\u00e9`, "1");
    const second = await client.put(`${prefix}\u00e9`, Uint8Array.of(0, 255), { prevKv: true });
    assert.equal(second.revision, first.revision + 1);
    assert.equal(second.prevKv?.text, "1");
    const pair = await client.get(`${prefix}\u00e9`);
    assert.ok(pair);
    assert.equal(pair.key, `${prefix}\u00e9`);
    assert.deepEqual(pair.keyBytes, new TextEncoder().encode(`${prefix}\u00e9`));
    assert.deepEqual(new Uint8Array(pair.value), Uint8Array.of(0, 255));
    assert.equal(pair.createRevision, first.revision);
    assert.equal(pair.modRevision, second.revision);
    assert.equal(pair.version, 2);
    assert.equal(pair.lease, 0n);
    assert.equal(await client.get(`${prefix}nothing`), undefined);
  });

  define("ranges with limit, order, revision, and without values", async (client, { prefix }) => {
    const keys = ["a", "b", "c"].map((name) => prefix + name);
    let revision = 0;
    for (const key of keys) revision = (await client.put(key, key)).revision;
    await client.delete(keys[1]);
    const all = await client.range(prefix, { prefix: true, order: "descending" });
    assert.deepEqual(all.kvs.map(({ key }) => key), [keys[2], keys[0]]);
    const past = await client.range(keys[1], { rangeEnd: `${prefix}z`, revision, limit: 1 });
    assert.deepEqual(past.kvs.map(({ text }) => text), [keys[1]]);
    assert.ok(past.more);
    assert.equal(past.count, 2);
    const [bare] = (await client.range(keys[0], { keysOnly: true })).kvs;
    assert.equal(bare.value.length, 0);
    const counted = await client.range(prefix, { prefix: true, countOnly: true });
    assert.deepEqual(counted.kvs, []);
    assert.equal(counted.count, 2);
    await assert.rejects(client.range(prefix, { revision: revision + 1000 }), {
      code: GrpcCode.OutOfRange,
      message: "etcdserver: mvcc: required revision is a future revision",
    });
  });

  define("deletes and tells what was there", async (client, { prefix }) => {
    await client.put(`${prefix}a`, "1");
    await client.put(`${prefix}b`, "2");
    const { deleted, prevKvs } = await client.delete(prefix, { prefix: true, prevKv: true });
    assert.equal(deleted, 2);
    assert.deepEqual(prevKvs.map(({ text }) => text), ["1", "2"]);
  });

  define("runs transactions, nested ones too", async (client, { prefix }) => {
    const inner = client.txn().success(op.put(`${prefix}b`, "2"));
    const result = await client.txn()
      .if(compare.version(`${prefix}a`, "=", 0), compare.lease(`${prefix}a`, "=", 0n))
      .success(op.put(`${prefix}a`, "1"), op.txn(inner), op.get(`${prefix}c`))
      .failure(op.delete(prefix, { prefix: true }))
      .commit();
    assert.ok(result.succeeded);
    assert.deepEqual(result.responses.map(({ kind }) => kind), ["put", "txn", "range"]);
    const again = await client.txn()
      .if(compare.value(`${prefix}a`, "!=", "1"))
      .failure(op.delete(prefix, { prefix: true }))
      .commit();
    assert.ok(!again.succeeded);
    const [response] = again.responses;
    assert.equal(response.kind === "delete" && response.delete.deleted, 2);
    const twice = client.txn().success(op.put(prefix, "1"), op.put(prefix, "2"));
    await assert.rejects(twice.commit(), { code: GrpcCode.InvalidArgument });
  });

  define("puts without a lock", async (client, { prefix }) => {
    assert.ok(await client.putIfAbsent(prefix, "1"));
    assert.ok(!await client.putIfAbsent(prefix, "2"));
    assert.ok(!await client.compareAndSwap(prefix, "0", "3"));
    assert.ok(!await client.compareAndSwap(prefix, undefined, "3"));
    assert.ok(await client.compareAndSwap(prefix, "1", "3"));
    const add = () => client.update(prefix, (pair) => String(Number(pair?.text) + 1));
    await Promise.all(Array.from({ length: 8 }, add));
    assert.equal((await client.get(prefix))?.text, "11");
    assert.equal(await client.update(prefix, () => undefined), false);
  });

  define("update() leaves the key on its lease", async (client, { prefix }) => {
    await using lease = await client.grantLease(60);
    await client.put(prefix, "1", { lease: lease.id });
    await client.update(prefix, () => "2");
    assert.equal((await client.get(prefix))?.lease, lease.id);
  });

  define("compacts, and says what is gone", async (client, { prefix }) => {
    const { revision } = await client.put(prefix, "1");
    await client.put(prefix, "2");
    await client.compact(revision + 1, { physical: true });
    await assert.rejects(client.range(prefix, { revision: revision - 1 }), {
      code: GrpcCode.OutOfRange,
    });
    await assert.rejects(client.compact(revision), { code: GrpcCode.OutOfRange });
  });

  define("grants leases and lists them", async (client) => {
    await using lease = await client.grantLease(60);
    assert.ok(lease.ttlSeconds >= 60);
    assert.ok((await client.leases()).includes(lease.id));
    await using chosen = await client.grantLease(60, { id: 12345n });
    assert.equal(chosen.id, 12345n);
    await assert.rejects(client.grantLease(60, { id: 12345n }), {
      code: GrpcCode.FailedPrecondition,
    });
  });

  define("tells of the members and the one that answers", async (client, { server }) => {
    const [member] = await client.members();
    assert.equal(member.name, "default");
    assert.deepEqual(member.clientUrls, [`http://${server.endpoint}`]);
    const status = await client.status();
    assert.equal(status.memberId, member.id);
    assert.equal(status.leader, member.id);
    assert.match(status.version, /^3\.\d+\.\d+/);
    assert.ok(status.dbSizeBytes > 0 && status.raftAppliedIndex > 0);
    assert.deepEqual(status.errors, []);
  });

  define("rejects with the server's code and text", async (client) => {
    const error = await client.put("", "").catch((error) => error);
    assert.ok(error instanceof ClientError);
    assert.equal(error.code, GrpcCode.InvalidArgument);
    assert.equal(error.message, "etcdserver: key is not provided");
  });
});
