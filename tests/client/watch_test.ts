import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { Prng } from "../../src/base/prng.ts";
import { connect } from "../../src/embed/client/connect.ts";
import { op } from "../../src/embed/client/kv/txn.ts";
import {
  type Watch,
  type WatchBatch,
  WatchCompactedError,
} from "../../src/embed/client/watch/watch.ts";
import { describeBothTargets } from "../harness/both_targets.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

const MEBIBYTE = 1024 * 1024;

async function nextBatch(watch: Watch): Promise<WatchBatch> {
  const { value } = await watch.next();
  assert.ok(value, "the watch has ended");
  return value;
}

/** Reads events, written as `type key value`, until the last one is seen. */
async function readUntil(watch: Watch, last: string): Promise<string[]> {
  const seen: string[] = [];
  for await (const { events, revision } of watch) {
    for (const { type, kv } of events) {
      seen.push(`${type} ${kv.key} ${kv.text}`);
      assert.ok(kv.modRevision <= revision);
    }
    if (seen.at(-1) === last) break;
  }
  return seen;
}

describeBothTargets("Watch", (test) => {
  test("tells what happens from its creation on", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    const { revision } = await client.put(`${prefix}a`, "before");
    await using watch = client.watch(prefix, { prefix: true, prevKv: true });
    assert.equal(await watch.created, revision);
    await client.put(`${prefix}a`, "1");
    await client.txn()
      .success(op.put(`${prefix}b`, "2"), op.delete(`${prefix}a`), op.put(`${prefix}c`, "3"))
      .commit();
    const first = await nextBatch(watch);
    assert.equal(first.revision, revision + 1);
    assert.equal(first.events[0].prevKv?.text, "before");
    const second = await nextBatch(watch);
    assert.equal(second.revision, revision + 2);
    assert.deepEqual(
      second.events.map(({ type, kv }) => `${type} ${kv.key.slice(prefix.length)}`),
      ["put b", "delete a", "put c"],
    );
    assert.equal(second.events[1].prevKv?.text, "1");
  });

  test("starts in the past and leaves away what is not wanted", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    const { revision } = await client.put(prefix, "1");
    await client.delete(prefix);
    await client.put(prefix, "2");
    await using puts = client.watch(prefix, { startRevision: revision, noDelete: true });
    assert.deepEqual(await readUntil(puts, `put ${prefix} 2`), [
      `put ${prefix} 1`,
      `put ${prefix} 2`,
    ]);
    await using deletes = client.watch(prefix, { startRevision: revision, noPut: true });
    const { events } = await nextBatch(deletes);
    assert.deepEqual(events.map(({ type }) => type), ["delete"]);
  });

  test("neither misses nor repeats an event when connections break", async (context) => {
    const { server, prefix } = context;
    const seed = Math.trunc(performance.now() * 1000) % 1_000_000;
    console.log(`seed ${seed}`);
    const prng = new Prng(seed);
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using watcher = await connect(proxy.endpoint);
    await using writer = await connect(server.endpoint);
    await using watch = watcher.watch(prefix, { prefix: true });
    await watch.created;
    const wanted: string[] = [];
    const seen = readUntil(watch, `put ${prefix}end `);
    for (let i = 0; i < 150; i++) {
      const value = "x".repeat(prng.between(0, 20_000)) + i;
      const keys = Array.from({ length: prng.between(1, 4) }, (_, j) => `${prefix}${j}`);
      await writer.txn().success(...keys.map((key) => op.put(key, value))).commit();
      for (const key of keys) wanted.push(`put ${key} ${value}`);
      if (prng.chance(0.15)) proxy.cut(prng.pick(["reset", "end"]));
      if (prng.chance(0.1)) await sleep(prng.between(0, 120));
    }
    await writer.put(`${prefix}end`, "");
    wanted.push(`put ${prefix}end `);
    assert.deepEqual(await seen, wanted);
    assert.ok(proxy.connectionCount > 3, "connections did break");
  });

  test("goes on when the server comes back", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using watcher = await connect(proxy.endpoint);
    await using writer = await connect(server.endpoint);
    await using watch = watcher.watch(prefix);
    await watch.created;
    await proxy.refuse();
    await writer.put(prefix, "while away");
    await sleep(200);
    await proxy.accept();
    const { events } = await nextBatch(watch);
    assert.equal(events[0].kv.text, "while away");
  });

  test("goes on over a restart of the server", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    await using watch = client.watch(prefix, { prefix: true });
    await watch.created;
    await using lease = await client.grantLease(30);
    const kept = lease.keepAlive();
    await client.put(`${prefix}1`, "");
    for (const end of [() => server.stop(), () => server.kill()]) {
      await end();
      await server.restart();
    }
    await client.put(`${prefix}2`, "");
    assert.deepEqual(await readUntil(watch, `put ${prefix}2 `), [
      `put ${prefix}1 `,
      `put ${prefix}2 `,
    ]);
    await lease.revoke();
    await kept;
  });

  test("gets a revision larger than a message whole", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    await using watch = client.watch(prefix, { prefix: true, prevKv: true });
    await watch.created;
    // With the pairs before, the events are twice as large as the 1.5 MiB that one request may have.
    const value = new Uint8Array(11_000);
    const puts = Array.from({ length: 120 }, (_, i) => op.put(`${prefix}${i}`, value));
    await client.txn().success(...puts).commit();
    await client.txn().success(...puts).commit();
    for (const withPrevious of [false, true]) {
      const { events } = await nextBatch(watch);
      assert.equal(events.length, 120);
      assert.ok(events.every((event) => (event.prevKv !== undefined) === withPrevious));
    }
  });

  test("holds the server back while the loop is slow", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using watcher = await connect(proxy.endpoint);
    await using writer = await connect(server.endpoint);
    await using watch = watcher.watch(prefix);
    await watch.created;
    const count = 100;
    const value = "v".repeat(MEBIBYTE / 4);
    for (let i = 0; i < count; i++) await writer.put(prefix, value);
    let passedBytes = -1;
    while (proxy.passedBytes !== passedBytes) {
      passedBytes = proxy.passedBytes;
      await sleep(150);
    }
    // 4 MiB wait in the watch; sockets, the proxy and HTTP/2 hold some more.
    assert.ok(passedBytes > 4 * MEBIBYTE && passedBytes < 14 * MEBIBYTE, `${passedBytes} bytes`);
    for (let seen = 0; seen < count;) seen += (await nextBatch(watch)).events.length;
  });

  test("says how far it is when asked", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    await using watch = client.watch(prefix);
    await watch.created;
    const { revision } = await client.put(`${prefix}other`, "");
    watch.requestProgress();
    assert.deepEqual(await nextBatch(watch), { revision, events: [] });
  });

  test("ends when what comes next was compacted away", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using watcher = await connect(proxy.endpoint);
    await using writer = await connect(server.endpoint);
    await using watch = watcher.watch(prefix);
    await watch.created;
    await proxy.refuse();
    await writer.put(prefix, "1");
    const { revision } = await writer.put(prefix, "2");
    await writer.compact(revision);
    await proxy.accept();
    const error = await watch.next().catch((error) => error);
    assert.ok(error instanceof WatchCompactedError);
    assert.equal(error.code, GrpcCode.OutOfRange);
    assert.equal(error.compactRevision, revision);
  });

  test("ends when it is aborted, left, disposed of or canceled", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    const controller = new AbortController();
    const aborted = client.watch(prefix, { signal: controller.signal });
    const canceled = client.watch(prefix);
    for (const watch of [aborted, canceled]) await watch.created;
    const waiting = aborted.next();
    controller.abort();
    await assert.rejects(waiting, { code: GrpcCode.Canceled });
    const next = canceled.next();
    await canceled.cancel();
    assert.equal((await next).done, true);
    await using left = client.watch(prefix, { startRevision: 1_000_000 });
    assert.ok(await left.created > 0);
  });

  test("serves many watches over one connection", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    const watches = Array.from({ length: 120 }, (_, i) => client.watch(`${prefix}${i}`));
    for (const watch of watches) await watch.created;
    for (let i = 0; i < watches.length; i++) await client.put(`${prefix}${i}`, String(i));
    for (const [i, watch] of watches.entries()) {
      const { events } = await nextBatch(watch);
      assert.equal(events[0].kv.text, String(i));
      await watch.cancel();
    }
  });
});
