import assert from "node:assert/strict";
import { newFixture } from "./testing/watch_hub_fixture.ts";

Deno.test("WatchHub delivers history first when a watch starts in the past", () => {
  const { log, hub, client } = newFixture({ sliceChanges: 2 });
  for (let i = 0; i < 5; i++) log.put("a");
  client.create({ key: "a", rangeEnd: "\0", startRevision: 2 });
  assert.equal(hub.catchUpNeeded, true);
  log.put("a");
  hub.notify();
  assert.deepEqual(client.sink.take(), [], "new events wait for the old ones");
  assert.equal(hub.laggingWatcherCount, 1);
  assert.equal(hub.catchUp(1), true);
  assert.deepEqual(client.sink.take(), ["0 at 3: put a@2, put a@3"]);
  assert.equal(hub.catchUp(1000), false);
  assert.deepEqual(client.sink.take(), ["0 at 5: put a@4, put a@5", "0 at 7: put a@6, put a@7"]);
  log.put("a");
  hub.notify();
  assert.deepEqual(client.sink.take(), ["0 at 8: put a@8"]);
  assert.equal(hub.laggingWatcherCount, 0);
});

Deno.test("WatchHub delivers neither old events nor old notifications when a watch starts in the future", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a", startRevision: 4, progressNotify: true });
  client.stream.requestProgress();
  hub.tick(0);
  log.put("a");
  hub.notify();
  hub.tick(10_000);
  log.put("a");
  hub.notify();
  hub.tick(20_000);
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take(), []);
  log.put("a");
  hub.notify();
  assert.deepEqual(client.sink.take(), ["0 at 4: put a@4", "-1 progress 4"]);
});

Deno.test("WatchHub delivers the rest of a batch when a watch starts in the middle of it", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a", startRevision: 4 });
  client.create({ key: "b", startRevision: 9 });
  for (let i = 0; i < 4; i++) log.put("a");
  hub.notify();
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take(), ["0 at 5: put a@4, put a@5"]);
});

Deno.test("WatchHub delivers only later events when a watch starts now and something was just applied", () => {
  const { log, hub, client } = newFixture();
  log.put("a");
  assert.equal(client.create({ key: "a" }).revision, 2);
  assert.equal(client.create({ key: "a", startRevision: 2 }).revision, 2);
  log.put("a");
  hub.notify();
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take().sort(), ["0 at 3: put a@3", "1 at 3: put a@2, put a@3"]);
});

Deno.test("WatchHub cancels with the compact revision when the start is compacted", () => {
  const { log, hub, client } = newFixture();
  for (let i = 0; i < 5; i++) log.put("a");
  log.compact(4);
  const created = client.create({ key: "a", startRevision: 3 });
  assert.deepEqual(created, { watchId: 0n, revision: 6, cancelReason: "" });
  client.create({ key: "a", startRevision: 4 });
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take(), [
    "0 canceled, compacted at 4",
    "1 at 6: put a@4, put a@5, put a@6",
  ]);
  assert.equal(client.stream.watcherCount, 1);
  assert.equal(client.stream.cancel(0n), false);
});

Deno.test("WatchHub delivers a deletion when it is at the compacted revision", () => {
  for (const rangeEnd of ["", "b"]) {
    const { log, hub, client } = newFixture();
    log.put("a");
    log.delete("a");
    log.compact(3);
    client.create({ key: "a", rangeEnd, startRevision: 3 });
    hub.catchUp(1000);
    assert.deepEqual(client.sink.take(), ["0 at 3: delete a@3"]);
  }
});

Deno.test("WatchHub cancels a slow watcher when compaction overtakes it, and only that", () => {
  const { log, hub, client, addClient } = newFixture();
  const fast = addClient();
  client.create({ key: "a" });
  fast.create({ key: "a" });
  client.sink.room = 1;
  for (let i = 0; i < 4; i++) {
    log.put("a");
    hub.notify();
  }
  log.compact(4);
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take(), ["0 at 2: put a@2"]);
  client.resume();
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take(), ["0 canceled, compacted at 4"]);
  assert.equal(fast.sink.take().length, 4);
  log.compact(5);
  log.put("a");
  hub.notify();
  assert.deepEqual(fast.sink.take(), ["0 at 6: put a@6"]);
});

Deno.test("WatchHub.notify() cancels when what it is to deliver was compacted before", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a" });
  client.create({ key: "a", startRevision: 2 });
  client.create({ key: "a", startRevision: 6 });
  for (let i = 0; i < 5; i++) log.put("a");
  log.compact(4);
  hub.notify();
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take().sort(), [
    "0 canceled, compacted at 4",
    "1 canceled, compacted at 4",
    "2 at 6: put a@6",
  ]);
});

Deno.test("WatchHub keeps others at full speed when a stream is slow, and loses nothing of it", () => {
  const { log, hub, client, addClient } = newFixture();
  const fast = addClient();
  for (const { create } of [client, fast]) {
    create({ key: "a", rangeEnd: "b" });
    create({ key: "a" });
  }
  client.sink.room = 1;
  for (let i = 0; i < 3; i++) {
    log.put("a");
    hub.notify();
    hub.catchUp(1000);
    assert.equal(fast.sink.take().length, 2);
  }
  assert.deepEqual(client.sink.take(), ["1 at 2: put a@2"]);
  assert.equal(hub.catchUpNeeded, false, "a full stream is no work");
  client.resume();
  assert.equal(hub.catchUpNeeded, true);
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take().sort(), [
    "0 at 4: put a@2, put a@3, put a@4",
    "1 at 4: put a@3, put a@4",
  ]);
});

Deno.test("WatchHub lets nobody starve when a busy watcher fills the stream again and again", () => {
  const { log, hub, client } = newFixture({ sliceChanges: 2 });
  for (let i = 0; i < 50; i++) log.put("old");
  client.create({ key: "busy" });
  client.create({ key: "old", rangeEnd: "p", startRevision: 2 });
  client.sink.room = 1;
  for (let turn = 0; turn < 120; turn++) {
    log.put("busy");
    hub.notify();
    hub.catchUp(1000);
    client.resume(1);
  }
  assert.equal(client.eventsOf(1n).length, 50, "history has arrived");
  client.resume();
  while (hub.catchUp(1000));
  assert.equal(client.eventsOf(0n).length, 120);
});

Deno.test("WatchHub delivers new events at once when the stream had its turn, however much it misses", () => {
  const { log, hub, client } = newFixture({ sliceChanges: 2 });
  for (let i = 0; i < 100; i++) log.put("old");
  client.create({ key: "new" });
  client.create({ key: "old", rangeEnd: "p", startRevision: 2 });
  client.sink.room = 1;
  hub.catchUp(1);
  assert.deepEqual(client.sink.take(), ["1 at 3: put old@2, put old@3"]);
  assert.equal(hub.catchUp(1000), false, "a full stream is no work");
  client.resume();
  assert.equal(hub.catchUp(1), true);
  client.sink.take();
  log.put("new");
  hub.notify();
  assert.deepEqual(client.sink.take(), ["0 at 102: put new@102"]);
});

Deno.test("WatchHub delivers new events at once when those that were behind are canceled", () => {
  const { log, hub, client } = newFixture();
  log.put("old");
  client.create({ key: "new" });
  client.create({ key: "new" });
  client.create({ key: "old", startRevision: 2 });
  client.sink.room = 1;
  log.put("new");
  hub.notify();
  client.resume();
  client.stream.cancel(1n);
  client.stream.cancel(2n);
  client.sink.take();
  log.put("new");
  hub.notify();
  assert.deepEqual(client.sink.take(), ["0 at 4: put new@4"]);
});

Deno.test("WatchHub.catchUp() serves streams in turns when several are behind", () => {
  const { log, hub, client, addClient } = newFixture({ sliceChanges: 5 });
  for (let i = 0; i < 100; i++) log.put("a");
  const clients = [client, addClient(), addClient()];
  // Far enough apart that none comes along with another.
  for (const [i, { create }] of clients.entries()) {
    create({ key: "a", rangeEnd: "b", startRevision: 2 + i * 20 });
  }
  for (let turn = 1; turn <= 4; turn++) {
    for (let i = 0; i < 3; i++) hub.catchUp(1);
    assert.deepEqual(clients.map(({ sink }) => sink.responses.length), [turn, turn, turn]);
  }
});

Deno.test("WatchHub.catchUp() serves a watch that misses little while another misses much", () => {
  const { log, hub, client } = newFixture({ sliceChanges: 5 });
  for (let i = 0; i < 1000; i++) log.put("a");
  client.create({ key: "a", rangeEnd: "b", startRevision: 2 });
  client.create({ key: "a", rangeEnd: "c", startRevision: 999 });
  for (let i = 0; i < 4; i++) hub.catchUp(1);
  assert.equal(client.eventsOf(1n).length, 3);
  assert.equal(hub.laggingWatcherCount, 1);
});

Deno.test("WatchHub.catchUp() reads the log once when many are behind at the same revision", () => {
  const { log, hub, client, addClient } = newFixture({ sliceChanges: 10 });
  for (let i = 0; i < 100; i++) log.put("a");
  for (const { create } of [client, addClient(), addClient()]) {
    for (let i = 0; i < 50; i++) create({ key: "a", rangeEnd: `b${i % 3}`, startRevision: 2 });
  }
  while (hub.catchUp(1));
  assert.equal(hub.deliveredEventCount, 150 * 100);
  assert.equal(log.visitCount, 100);
});

Deno.test("WatchHub.catchUp() reads only the key when a watch of one key is behind", () => {
  const { log, hub, client } = newFixture();
  for (let i = 0; i < 3000; i++) log.put(i % 1000 === 0 ? "a" : "b");
  client.create({ key: "a", startRevision: 2 });
  hub.catchUp(1);
  assert.deepEqual(client.sink.take(), ["0 at 3001: put a@2, put a@1002, put a@2002"]);
  assert.equal(log.visitCount, 3);
});
