import assert from "node:assert/strict";
import type { WatchResponse } from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type GrpcClient, GrpcClient as NewGrpcClient } from "../../harness/grpc_client.ts";
import { deleteRange, put, range, revisionOf } from "../../harness/kv_calls.ts";
import { changes, eventRevisions, WatchClient } from "../../harness/watch_calls.ts";

/** Leaves two puts of one key behind a compaction and returns the revision of the first. */
async function compactBehindTwo(client: GrpcClient, key: string): Promise<number> {
  const first = revisionOf(await put(client, key, "1"));
  await put(client, key, "2");
  const revision = revisionOf(await put(client, key, "3"));
  await client.call(KV_SERVICE.compact, { revision, physical: true });
  return first;
}

/** Three megabytes, more than one message may hold. */
async function putThirtyLarge(client: GrpcClient, prefix: string): Promise<void> {
  for (let i = 0; i < 30; i++) await put(client, `${prefix}${i}`, "v".repeat(100_000));
}

describeBothTargets("watch stream", (test) => {
  test("numbers its watchers from 0 and keeps them apart", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    const ids: bigint[] = [];
    for (const name of ["a", "b", "c"]) ids.push((await watch.create(prefix + name)).watchId);
    assert.deepEqual(ids, [0n, 1n, 2n]);
    for (const name of ["c", "a", "b"]) await put(client, prefix + name, name);
    const responses = await watch.stream.take(3);
    assert.deepEqual(responses.map((each) => each.watchId), [2n, 0n, 1n]);
  });

  test("takes an id that the client chose and steps over it", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    assert.equal((await watch.create(`${prefix}a`, { watchId: 1n })).watchId, 1n);
    assert.equal((await watch.create(`${prefix}a`)).watchId, 0n);
    assert.equal((await watch.create(`${prefix}a`)).watchId, 2n);
    assert.equal((await watch.create(`${prefix}a`, { watchId: 4711n })).watchId, 4711n);
    await put(client, `${prefix}a`, "1");
    const ids = (await watch.stream.take(4)).map((each) => each.watchId);
    assert.deepEqual(ids.toSorted(), [0n, 1n, 2n, 4711n]);
  });

  test("refuses an id that is in use and goes on", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`, { watchId: 7n });
    watch.ask(`${prefix}b`, { watchId: 7n });
    const refused = await watch.next();
    assert.deepEqual([refused.created, refused.canceled, refused.watchId], [true, true, -1n]);
    assert.equal(refused.cancelReason, "mvcc: duplicate watch ID provided on the WatchStream");
    await put(client, `${prefix}a`, "1");
    assert.deepEqual(changes((await watch.next()).events, prefix), ["+a=1"]);
  }, { notOn: { etcd: "3.4 sends the refusal without a reason" } });

  test("confirms a cancel and sends nothing of it afterwards", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    const gone = await watch.create(`${prefix}a`);
    const stays = await watch.create(`${prefix}a`);
    watch.cancel(gone.watchId);
    const canceled = await watch.next();
    assert.deepEqual(
      [canceled.watchId, canceled.canceled, canceled.created, canceled.compactRevision],
      [gone.watchId, true, false, 0],
    );
    await put(client, `${prefix}a`, "1");
    const response = await watch.next();
    assert.deepEqual([response.watchId, changes(response.events, prefix)], [
      stays.watchId,
      ["+a=1"],
    ]);
    await put(client, `${prefix}a`, "2");
    assert.equal((await watch.next()).watchId, stays.watchId);
  });

  test("a cancel of a watcher that is not there changes nothing", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`);
    watch.cancel(99n);
    await put(client, `${prefix}a`, "1");
    assert.deepEqual(changes((await watch.next()).events, prefix), ["+a=1"]);
  });

  test("an id is free again once its watcher is canceled", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`, { watchId: 5n });
    watch.cancel(5n);
    assert.equal((await watch.next()).canceled, true);
    assert.equal((await watch.create(`${prefix}b`, { watchId: 5n })).watchId, 5n);
  });

  test("a start that is compacted is created and then canceled", async ({ client, prefix }) => {
    const startRevision = await compactBehindTwo(client, `${prefix}a`);
    const watch = new WatchClient(client);
    const created = await watch.create(`${prefix}a`, { startRevision });
    assert.equal(created.canceled, false);
    const canceled = await watch.next();
    assert.deepEqual(
      [canceled.watchId, canceled.canceled, canceled.created, canceled.compactRevision],
      [created.watchId, true, false, startRevision + 2],
    );
    assert.deepEqual(canceled.events, []);
  });

  test("a start right at the compaction is not too old", async ({ client, prefix }) => {
    const first = await compactBehindTwo(client, `${prefix}a`);
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`, { startRevision: first + 2 });
    await put(client, `${prefix}a`, "4");
    assert.deepEqual(changes(await watch.events(2), prefix), ["+a=3", "+a=4"]);
  });

  test("a start below zero is refused", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    watch.ask(`${prefix}a`, { startRevision: -1 });
    const response = await watch.next();
    assert.deepEqual([response.created, response.canceled, response.watchId], [true, true, -1n]);
    assert.equal(
      response.cancelReason,
      "etcdserver: mvcc: required revision has been compacted",
    );
  }, { notOn: { etcd: "3.4 takes a negative start for the past" } });

  test("prev_kv that was compacted is left out", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const first = await compactBehindTwo(client, key);
    const watch = new WatchClient(client);
    await watch.create(key, { startRevision: first + 2, prevKv: true });
    const [event] = await watch.events(1);
    assert.deepEqual([changes([event], prefix), event.prevKv], [["+a=3"], undefined]);
  });

  test("answers a request for progress when all its watchers are up to date", async (context) => {
    const { client, prefix } = context;
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`);
    const revision = revisionOf(await put(client, `${prefix}b`, "1"));
    watch.requestProgress();
    const progress = await watch.next();
    assert.deepEqual([progress.watchId, progress.events, progress.canceled], [-1n, [], false]);
    assert.ok(revisionOf(progress) >= revision);
  });

  test("progress comes behind the events that it covers", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`);
    let seen = 0;
    for (let i = 0; i < 20; i++) {
      const written = revisionOf(await put(client, `${prefix}a`, String(i)));
      watch.requestProgress();
      for (;;) {
        const response = await watch.next();
        seen = Math.max(seen, ...eventRevisions(response.events));
        if (response.events.length > 0) continue;
        assert.ok(revisionOf(response) < written || seen >= written, "an event was overtaken");
        break;
      }
    }
  }, { notOn: { etcd: "3.4 may send progress ahead of events (its issue 15220)" } });

  test("many watchers of one key all get everything", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    for (let i = 0; i < 200; i++) watch.ask(`${prefix}a`);
    assert.equal((await watch.stream.take(200)).every((each) => each.created), true);
    for (let i = 0; i < 5; i++) await put(client, `${prefix}a`, String(i));
    const seen = new Map<bigint, string[]>();
    for (let left = 1000; left > 0;) {
      const { watchId, events } = await watch.next();
      seen.set(watchId, [...seen.get(watchId) ?? [], ...changes(events, prefix)]);
      left -= events.length;
    }
    assert.equal(seen.size, 200);
    for (const each of seen.values()) {
      assert.deepEqual(each, ["+a=0", "+a=1", "+a=2", "+a=3", "+a=4"]);
    }
  });

  test("many streams of one client all get everything", async ({ client, prefix }) => {
    const watches = Array.from({ length: 50 }, () => new WatchClient(client));
    await Promise.all(watches.map((watch) => watch.createPrefix(prefix)));
    for (let i = 0; i < 5; i++) await put(client, prefix + i, "x");
    for (const watch of watches) {
      const events = await watch.events(5);
      assert.deepEqual(changes(events, prefix), ["+0=x", "+1=x", "+2=x", "+3=x", "+4=x"]);
    }
  });

  test("a reader that stops reading gets everything later and holds up nobody", async (context) => {
    const { client, prefix, server } = context;
    const slowClient = new NewGrpcClient(server.endpoint);
    try {
      const slow = new WatchClient(slowClient);
      await slow.createPrefix(prefix);
      const quick = new WatchClient(client);
      await quick.createPrefix(prefix);
      slow.stream.pause();
      const value = new Uint8Array(100_000).fill(0x61);
      for (let i = 0; i < 60; i++) {
        await client.call(KV_SERVICE.put, { key: `${prefix}${i % 10}`, value });
      }
      const expected = Array.from({ length: 60 }, (_, i) => `${prefix}${i % 10}`);
      const quickEvents = await quick.events(60);
      assert.deepEqual(quickEvents.map((event) => event.kv?.key), expected);
      slow.stream.resume();
      const slowEvents = await slow.events(60);
      assert.deepEqual(slowEvents.map((event) => event.kv?.key), expected);
      assert.deepEqual(eventRevisions(slowEvents), eventRevisions(quickEvents));
    } finally {
      await slowClient.close();
    }
  });

  test("without fragment a large revision comes in one piece", async ({ client, prefix }) => {
    await putThirtyLarge(client, prefix);
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix, { prevKv: true });
    await deleteRange(client, prefix, { rangeEnd: `${prefix}~` });
    const response = await watch.next();
    assert.deepEqual([response.events.length, response.fragment], [30, false]);
  });

  test("with fragment it comes in pieces that fit a message", async ({ client, prefix }) => {
    await putThirtyLarge(client, prefix);
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix, { prevKv: true, fragment: true });
    await deleteRange(client, prefix, { rangeEnd: `${prefix}~` });
    const pieces: WatchResponse[] = [];
    do pieces.push(await watch.next()); while (pieces[pieces.length - 1].fragment);
    assert.ok(pieces.length >= 2, `${pieces.length} pieces`);
    assert.equal(pieces.reduce((sum, piece) => sum + piece.events.length, 0), 30);
    assert.ok(pieces.every((piece) => piece.events.length <= 21));
    assert.deepEqual(new Set(pieces.map(revisionOf)).size, 1);
    await put(client, `${prefix}z`, "1");
    assert.deepEqual(changes((await watch.next()).events, prefix), ["+z=1"]);
  });

  test("a delete behind a put of the same key keeps its place", async ({ client, prefix }) => {
    const start = revisionOf(await range(client, prefix)) + 1;
    for (let i = 0; i < 10; i++) {
      await put(client, `${prefix}a`, String(i));
      await deleteRange(client, `${prefix}a`);
    }
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`, { startRevision: start });
    const wanted = Array.from({ length: 10 }, (_, i) => [`+a=${i}`, "-a"]).flat();
    assert.deepEqual(changes(await watch.events(20), prefix), wanted);
  });

  test("goes on when the client has nothing more to ask", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`);
    watch.stream.halfClose();
    await put(client, `${prefix}a`, "1");
    assert.deepEqual(changes((await watch.next()).events, prefix), ["+a=1"]);
  });

  test("an empty request is ignored", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    watch.stream.send({});
    await watch.create(`${prefix}a`);
    await put(client, `${prefix}a`, "1");
    assert.deepEqual(changes((await watch.next()).events, prefix), ["+a=1"]);
  });
});
