import assert from "node:assert/strict";
import { textFromBytes } from "../../../src/base/bytes.ts";
import { FilterType } from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import {
  deleteOp,
  deleteRange,
  headerOf,
  put,
  putOp,
  range,
  revisionOf,
  txn,
} from "../../harness/kv_calls.ts";
import { changes, eventRevisions, WatchClient } from "../../harness/watch_calls.ts";

describeBothTargets("watch", (test) => {
  test("says created with the current revision, then sends what happens", async (context) => {
    const { client, prefix } = context;
    const key = `${prefix}a`;
    const before = revisionOf(await range(client, key));
    const watch = new WatchClient(client);
    const created = await watch.create(key);
    assert.deepEqual(
      [created.watchId, created.canceled, created.events, revisionOf(created)],
      [0n, false, [], before],
    );
    const written = revisionOf(await put(client, key, "1"));
    const response = await watch.next();
    assert.deepEqual(changes(response.events, prefix), ["+a=1"]);
    assert.deepEqual([response.watchId, response.created, revisionOf(response)], [
      0n,
      false,
      written,
    ]);
    const header = headerOf(response);
    assert.ok(header.clusterId !== 0n && header.memberId !== 0n && header.raftTerm > 0);
  });

  test("an event carries the whole pair, a delete only key and revision", async (context) => {
    const { client, prefix } = context;
    const key = `${prefix}a`;
    const watch = new WatchClient(client);
    await watch.create(key);
    const created = revisionOf(await put(client, key, "1"));
    const changed = revisionOf(await put(client, key, "2"));
    const deleted = revisionOf(await deleteRange(client, key));
    const events = await watch.events(3);
    const second = events[1].kv;
    assert.deepEqual(
      [second?.createRevision, second?.modRevision, second?.version, second?.lease],
      [created, changed, 2, 0n],
    );
    const last = events[2].kv;
    assert.deepEqual(
      [last?.key, last?.createRevision, last?.modRevision, last?.version, last?.value.length],
      [key, 0, deleted, 0, 0],
    );
    assert.deepEqual(events.map((event) => event.prevKv), [undefined, undefined, undefined]);
  });

  test("prev_kv adds the pair before", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const watch = new WatchClient(client);
    await watch.create(key, { prevKv: true });
    await put(client, key, "1");
    await put(client, key, "2");
    await deleteRange(client, key);
    await put(client, key, "3");
    const events = await watch.events(4);
    const before = events.map(({ prevKv }) => prevKv && textFromBytes(prevKv.value));
    assert.deepEqual(before, [undefined, "1", "2", undefined]);
  });

  test("sees its range and nothing else", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}b`, { rangeEnd: `${prefix}d` });
    for (const name of ["a", "b", "c", "d", "b\x00", "c\xff"]) {
      await put(client, prefix + name, "x");
    }
    const events = await watch.events(4);
    assert.deepEqual(changes(events, prefix), ["+b=x", "+c=x", "+b\x00=x", "+c\xff=x"]);
  });

  test("an end of one zero byte means everything from the key on", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}b`, { rangeEnd: "\x00" });
    await put(client, `${prefix}a`, "x");
    await put(client, `${prefix}b`, "x");
    await put(client, "zzz", prefix);
    assert.deepEqual(changes(await watch.events(2)), [`+${prefix}b=x`, `+zzz=${prefix}`]);
  });

  test("an empty key with an end of one zero byte means everything", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create("", { rangeEnd: "\x00" });
    await put(client, "\x00", prefix);
    await put(client, "zzz", prefix);
    assert.deepEqual(changes(await watch.events(2)), [`+\x00=${prefix}`, `+zzz=${prefix}`]);
  });

  test("one key is one key, not a prefix", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}a`);
    await put(client, `${prefix}aa`, "no");
    await put(client, `${prefix}a`, "yes");
    assert.deepEqual(changes(await watch.events(1), prefix), ["+a=yes"]);
  });

  test("an end at or before the key is refused", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    watch.ask(`${prefix}b`, { rangeEnd: `${prefix}a` });
    const response = await watch.next();
    assert.deepEqual([response.created, response.canceled, response.watchId], [true, true, -1n]);
    assert.equal(response.cancelReason, "mvcc: watcher range is empty");
  }, { notOn: { etcd: "3.4 creates a watcher that never sees anything, without a reason" } });

  test("from a revision of the past sends what happened since, in order", async (context) => {
    const { client, prefix } = context;
    const first = revisionOf(await put(client, `${prefix}a`, "1"));
    const second = revisionOf(await put(client, `${prefix}b`, "2"));
    const third = revisionOf(await deleteRange(client, `${prefix}a`));
    await put(client, `other${prefix}`, "x");
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix, { startRevision: first });
    const events = await watch.events(3);
    assert.deepEqual(changes(events, prefix), ["+a=1", "+b=2", "-a"]);
    assert.deepEqual(eventRevisions(events), [first, second, third]);
    const again = new WatchClient(client);
    await again.createPrefix(prefix, { startRevision: third });
    assert.deepEqual(changes(await again.events(1), prefix), ["-a"]);
  });

  test("from the past and on into the present nothing is lost or doubled", async (context) => {
    const { client, prefix } = context;
    const puts: Promise<unknown>[] = [];
    const start = revisionOf(await put(client, `${prefix}k`, "0"));
    for (let i = 1; i <= 100; i++) puts.push(put(client, `${prefix}k`, String(i)));
    const watch = new WatchClient(client);
    await watch.create(`${prefix}k`, { startRevision: start });
    for (let i = 101; i <= 200; i++) puts.push(put(client, `${prefix}k`, String(i)));
    const events = await watch.events(201);
    await Promise.all(puts);
    assert.deepEqual(
      eventRevisions(events),
      Array.from({ length: 201 }, (_, i) => start + i),
    );
    assert.deepEqual(
      events.map((event) => event.kv?.version),
      Array.from({ length: 201 }, (_, i) => i + 1),
    );
  });

  test("from a revision of the future waits for it", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const now = revisionOf(await range(client, key));
    const watch = new WatchClient(client);
    await watch.create(key, { startRevision: now + 3 });
    for (let i = 1; i <= 4; i++) await put(client, key, String(i));
    assert.deepEqual(changes(await watch.events(2), prefix), ["+a=3", "+a=4"]);
  });

  test("filters leave out puts, or deletes", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    const key = `${prefix}a`;
    const noPut = await watch.create(key, { filters: [FilterType.NOPUT] });
    const noDelete = await watch.create(key, { filters: [FilterType.NODELETE] });
    await put(client, key, "1");
    await deleteRange(client, key);
    const [first, second] = [await watch.next(), await watch.next()];
    assert.deepEqual([first.watchId, changes(first.events, prefix)], [noDelete.watchId, ["+a=1"]]);
    assert.deepEqual([second.watchId, changes(second.events, prefix)], [noPut.watchId, ["-a"]]);
  });

  test("filters hold for the past as well", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const startRevision = revisionOf(await put(client, key, "1"));
    await deleteRange(client, key);
    await put(client, key, "2");
    const watch = new WatchClient(client);
    await watch.create(key, { startRevision, filters: [FilterType.NODELETE] });
    assert.deepEqual(changes(await watch.events(2), prefix), ["+a=1", "+a=2"]);
  });

  test("all events of one transaction come in one response", async ({ client, prefix }) => {
    await put(client, `${prefix}old`, "1");
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix);
    const result = await txn(client, {
      success: [putOp(`${prefix}b`, "1"), putOp(`${prefix}a`, "2"), deleteOp(`${prefix}old`)],
    });
    const response = await watch.next();
    assert.deepEqual(changes(response.events, prefix), ["+b=1", "+a=2", "-old"]);
    assert.deepEqual([...new Set(eventRevisions(response.events))], [revisionOf(result)]);
  });

  test("a range delete sends an event for each key", async ({ client, prefix }) => {
    for (const name of ["a", "b", "c"]) await put(client, prefix + name, "1");
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix, { prevKv: true });
    await deleteRange(client, prefix, { rangeEnd: `${prefix}~` });
    const { events } = await watch.next();
    assert.deepEqual(changes(events, prefix), ["-a", "-b", "-c"]);
    assert.equal(events.every((event) => event.prevKv !== undefined), true);
  });

  test("the revoking of a lease is seen as deletes of its keys", async ({ client, prefix }) => {
    const { id } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 60 });
    await put(client, `${prefix}b`, "1", { lease: id });
    await put(client, `${prefix}a`, "1", { lease: id });
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix);
    const revoked = revisionOf(await client.call(LEASE_SERVICE.leaseRevoke, { id }));
    const events = await watch.events(2);
    assert.deepEqual(changes(events, prefix), ["-a", "-b"]);
    assert.deepEqual(eventRevisions(events), [revoked, revoked]);
  });

  test("writes that write nothing are not seen", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix);
    await deleteRange(client, `${prefix}missing`);
    await txn(client, { success: [deleteOp(`${prefix}missing`)] });
    await put(client, `${prefix}a`, "1");
    assert.deepEqual(changes((await watch.next()).events, prefix), ["+a=1"]);
  });

  test("a value of a megabyte is delivered whole", async ({ client, prefix }) => {
    const watch = new WatchClient(client);
    await watch.create(`${prefix}large`, { prevKv: true });
    const value = new Uint8Array(1_000_000).fill(0x62);
    await client.call(KV_SERVICE.put, { key: `${prefix}large`, value });
    await client.call(KV_SERVICE.put, { key: `${prefix}large`, value: value.fill(0x63) });
    const events = await watch.events(2);
    assert.deepEqual(events.map((event) => event.kv?.value.length), [1_000_000, 1_000_000]);
    assert.deepEqual([events[1].kv?.value[999_999], events[1].prevKv?.value[0]], [0x63, 0x62]);
  });
});
