import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import type { Client } from "../../src/embed/client/client.ts";
import { connect } from "../../src/embed/client/connect.ts";
import { compare, op } from "../../src/embed/client/kv/txn.ts";
import { describeBothTargets } from "../harness/both_targets.ts";

describeBothTargets("Client.namespace()", (test) => {
  const define = (
    name: string,
    body: (space: Client, client: Client, prefix: string) => Promise<void>,
  ): void =>
    test(name, async ({ server, prefix }) => {
      await using client = await connect(server.endpoint);
      await using space = client.namespace(prefix);
      await body(space, client, prefix);
    });

  define("puts its prefix before keys and takes it from answers", async (space, client, prefix) => {
    await space.put("a", "1");
    assert.equal((await client.get(`${prefix}a`))?.text, "1");
    const { prevKv } = await space.put("a", "2", { prevKv: true });
    assert.deepEqual([prevKv?.key, prevKv?.text], ["a", "1"]);
    const { prevKvs, deleted } = await space.delete("a", { prevKv: true });
    assert.deepEqual([deleted, prevKvs[0].key, prevKvs[0].text], [1, "a", "2"]);
    assert.equal(await client.get(`${prefix}a`), undefined);
  });

  define("ends where its prefix ends", async (space, client, prefix) => {
    const behind = `${prefix.slice(0, -1)}0`;
    for (const key of [`${prefix}a`, `${prefix}b`, `${prefix}c`, behind]) await client.put(key, "");
    const keysOf = async (...args: Parameters<Client["range"]>): Promise<string[]> =>
      (await space.range(...args)).kvs.map(({ key }) => key);
    assert.deepEqual(await keysOf("", { prefix: true }), ["a", "b", "c"]);
    assert.deepEqual(await keysOf("b", { fromKey: true }), ["b", "c"]);
    assert.deepEqual(await keysOf("a", { rangeEnd: "c" }), ["a", "b"]);
    assert.deepEqual(await keysOf("b", { prefix: true }), ["b"]);
    assert.equal((await space.delete("", { fromKey: true })).deleted, 3);
    assert.notEqual(await client.get(behind), undefined);
    await client.delete(behind);
  });

  define("refuses an empty key, which would be its prefix", async (space) => {
    const refused = { code: GrpcCode.InvalidArgument, message: "etcdserver: key is not provided" };
    await assert.rejects(space.put("", "x"), refused);
    await assert.rejects(space.get(""), refused);
    await assert.rejects(space.txn().success(op.delete("")).commit(), refused);
  });

  define("maps transactions, nested ones too", async (space, client, prefix) => {
    await client.put(`${prefix}a`, "1");
    const { succeeded, responses } = await space.txn()
      .if(compare.value("a", "=", "1"), compare.version("", ">", 0, { prefix: true }))
      .success(
        op.put("b", "2", { prevKv: true }),
        op.get("", { prefix: true }),
        op.txn(space.txn().success(op.delete("a", { prevKv: true }))),
      )
      .commit();
    assert.ok(succeeded);
    const [, found, nested] = responses;
    assert.ok(found.kind === "range" && nested.kind === "txn");
    assert.deepEqual(found.range.kvs.map(({ key }) => key), ["a", "b"]);
    const [inner] = nested.txn.responses;
    assert.ok(inner.kind === "delete");
    assert.deepEqual(inner.delete.prevKvs.map(({ key }) => key), ["a"]);
    assert.equal((await client.get(`${prefix}b`))?.text, "2");
  });

  define("watches its own keys alone", async (space, client, prefix) => {
    await using watch = space.watch("", { prefix: true, prevKv: true });
    await watch.created;
    await client.put(`${prefix.slice(0, -1)}0`, "elsewhere");
    await client.put(`${prefix}a`, "1");
    await client.delete(`${prefix}a`);
    const events: string[] = [];
    while (events.length < 2) {
      const batch = (await watch.next()).value?.events ?? [];
      for (const { type, kv, prevKv } of batch) {
        events.push(`${type} ${kv.key} ${prevKv?.key ?? ""}`);
      }
    }
    assert.deepEqual(events, ["put a ", "delete a a"]);
    await client.delete(`${prefix.slice(0, -1)}0`);
  });

  define("shows of a lease its own keys alone", async (space, client, prefix) => {
    await using lease = await client.grantLease(60);
    await client.put(`${prefix}a`, "", { lease: lease.id });
    await client.put(`${prefix.slice(0, -1)}0`, "", { lease: lease.id });
    assert.deepEqual((await space.lease(lease.id, 60).timeToLive({ keys: true })).keys, ["a"]);
    assert.equal((await lease.timeToLive({ keys: true })).keys.length, 2);
  });

  define("holds namespaces, locks and elections", async (space, client, prefix) => {
    await using inner = space.namespace("inner/");
    await using lock = await inner.lock("lock");
    assert.ok(lock.key.startsWith("lock/"), lock.key);
    assert.equal(await client.tryLock(`${prefix}inner/lock`), undefined);
    await using _leadership = await inner.election("leader").campaign("x");
    assert.equal((await client.election(`${prefix}inner/leader`).leader())?.text, "x");
  });

  define("ends by itself and with its client", async (space, client) => {
    await using other = client.namespace("x/");
    await other.close();
    const closed = { code: GrpcCode.Canceled };
    const watch = space.watch("a");
    await watch.created;
    await client.close();
    assert.equal((await watch.next()).done, true);
    await assert.rejects(space.get("a"), closed);
  });

  test("a mirror has all pairs of one revision, and then what changes", async (context) => {
    const { server, prefix } = context;
    await using client = await connect(server.endpoint);
    const operations = Array.from({ length: 100 }, (_, i) => i);
    for (let page = 0; page < 21; page++) {
      const puts = operations.map((i) => op.put(`${prefix}${page * 100 + i}`, "old"));
      await client.txn().success(...puts).commit();
    }
    const mirror = client.mirror({ prefix });
    assert.throws(() => mirror.updates(), TypeError);
    const copy = new Map<string, string>();
    let pages = 0;
    for await (const { kvs } of mirror.base()) {
      if (pages++ === 0) await client.put(`${prefix}0`, "new");
      for (const { key, text } of kvs) copy.set(key, text);
    }
    assert.deepEqual([copy.size, pages, copy.get(`${prefix}0`)], [2100, 3, "old"]);
    await client.delete(`${prefix}1`);
    await using updates = mirror.updates();
    const seen: string[] = [];
    for await (const { events } of updates) {
      for (const { type, kv } of events) seen.push(`${type} ${kv.key}`);
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, [`put ${prefix}0`, `delete ${prefix}1`]);
    assert.ok(mirror.revision > 0);
    const past = client.mirror({ revision: mirror.revision });
    let count = 0;
    for await (const { kvs } of past.base()) {
      count += kvs.filter(({ key }) => key.startsWith(prefix)).length;
    }
    assert.equal(count, 2100, "without a prefix it has all keys");
  });
});
