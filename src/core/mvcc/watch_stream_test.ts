import assert from "node:assert/strict";
import { WatchCreateRequest } from "../../pb/etcdserverpb.ts";
import { NO_WATCH_ID } from "./watch_stream.ts";
import { newFixture } from "./testing/watch_hub_fixture.ts";

const COMPACTED = "etcdserver: mvcc: required revision has been compacted";
const EMPTY_RANGE = "mvcc: watcher range is empty";
const DUPLICATE_ID = "mvcc: duplicate watch ID provided on the WatchStream";

Deno.test("WatchStream.create() chooses IDs from 0 up when the client does not, past those in use", () => {
  const { client } = newFixture();
  assert.equal(client.create({ watchId: 1n }).watchId, 1n);
  assert.equal(client.create({ watchId: -7n }).watchId, -7n);
  assert.equal(client.create({}).watchId, 0n);
  assert.equal(client.create({}).watchId, 2n);
  assert.equal(client.stream.cancel(2n), true);
  assert.equal(client.create({}).watchId, 3n, "an ID once given is not given again");
  assert.equal(client.create({ watchId: 2n }).watchId, 2n);
  assert.equal(client.stream.watcherCount, 5);
});

Deno.test("WatchStream.create() refuses in etcd's words and order when the request makes no sense", () => {
  const { log, hub, client } = newFixture();
  log.put("a");
  client.create({ key: "a", watchId: 5n });
  const refusals: [Partial<WatchCreateRequest>, string][] = [
    [{ key: "a", watchId: 5n }, DUPLICATE_ID],
    [{ key: "b", rangeEnd: "b" }, EMPTY_RANGE],
    [{ key: "b", rangeEnd: "a", watchId: 5n }, EMPTY_RANGE],
    [{ key: "b", rangeEnd: "a", startRevision: -1 }, COMPACTED],
    [{ key: "a", startRevision: -1 }, COMPACTED],
  ];
  for (const [request, cancelReason] of refusals) {
    const created = client.create(request);
    assert.deepEqual(created, { watchId: NO_WATCH_ID, revision: 2, cancelReason });
  }
  assert.equal(hub.watcherCount, 1);
});

Deno.test("WatchStream.create() refuses when there are too many watchers", () => {
  const { client } = newFixture({ watchers: 2 });
  client.create({});
  client.create({});
  assert.equal(client.create({}).cancelReason, "etcdserver: too many requests");
  client.stream.cancel(0n);
  assert.equal(client.create({}).cancelReason, "");
});

Deno.test("WatchStream.requestProgress() is answered once, when all watches of the stream are synced", () => {
  const { log, hub, client, addClient } = newFixture();
  client.stream.requestProgress();
  assert.deepEqual(client.sink.take(), [], "there is no watch");
  client.create({ key: "a" });
  client.stream.requestProgress();
  assert.deepEqual(client.sink.take(), ["-1 progress 1"]);
  log.put("a");
  hub.notify();
  client.sink.take();
  client.create({ key: "a", startRevision: 1 });
  client.stream.requestProgress();
  client.stream.requestProgress();
  assert.deepEqual(client.sink.take(), []);
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take(), ["1 at 2: put a@2", "-1 progress 2"]);
  const other = addClient();
  other.create({ key: "z" });
  other.stream.requestProgress();
  assert.deepEqual(other.sink.take(), ["-1 progress 2"], "other streams do not count");
});

Deno.test("WatchStream.requestProgress() waits when a watch starts at the next revision", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a", startRevision: 2 });
  client.stream.requestProgress();
  assert.deepEqual(client.sink.take(), []);
  log.put("b");
  hub.notify();
  assert.deepEqual(client.sink.take(), ["-1 progress 2"]);
});

Deno.test("WatchStream.requestProgress() is answered when the watch that was behind is canceled", () => {
  const { client } = newFixture();
  client.create({ key: "a" });
  client.create({ key: "a", startRevision: 9 });
  client.stream.requestProgress();
  client.stream.cancel(1n);
  assert.deepEqual(client.sink.take(), ["-1 progress 1"]);
});

Deno.test("WatchStream.requestProgress() is not answered when the last watch is canceled", () => {
  const { client } = newFixture();
  client.create({ key: "a", startRevision: 9 });
  client.stream.requestProgress();
  client.stream.cancel(0n);
  assert.deepEqual(client.sink.take(), []);
});

Deno.test("WatchStream.requestProgress() from inside a sink waits for the events of the batch", () => {
  const { log, hub, client } = newFixture();
  for (const key of ["a", "b"]) client.create({ key });
  client.sink.onEvents = () => client.stream.requestProgress();
  log.put("a");
  log.put("b");
  hub.notify();
  const expected = ["0 at 3: put a@2", "1 at 3: put b@3", "-1 progress 3"];
  assert.deepEqual(client.sink.take(), expected);
});

Deno.test("WatchStream.requestProgress() waits when the stream is full", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a" });
  client.sink.room = 1;
  log.put("a");
  hub.notify();
  client.stream.requestProgress();
  assert.deepEqual(client.sink.take(), ["0 at 2: put a@2"]);
  client.resume();
  assert.deepEqual(client.sink.take(), ["-1 progress 2"]);
});

Deno.test("WatchStream.close() and cancel() may come from inside a sink", () => {
  const { log, hub, client, addClient } = newFixture();
  const clients = [client, addClient(), addClient(), addClient()];
  for (const { create } of clients) {
    for (let i = 0; i < 3; i++) create({ key: "a", watchId: BigInt(i + 1) });
  }
  client.sink.onEvents = () => {
    clients[1].stream.close();
    clients[2].stream.cancel(2n);
    clients[2].stream.requestProgress();
    client.sink.onEvents = undefined;
  };
  log.put("a");
  hub.notify();
  const counts = clients.map(({ sink }) => sink.take().length);
  assert.deepEqual(counts, [3, 0, 3, 3], "two events and the answer to the request");
  log.put("a");
  hub.notify();
  assert.deepEqual(clients.map(({ sink }) => sink.take().length), [3, 0, 2, 3]);
  assert.equal(hub.watcherCount, 8);
  assert.equal(hub.streamCount, 3);
});

Deno.test("WatchStream.close() and cancel() may come from inside a sink that catches up", () => {
  const { log, hub, client, addClient } = newFixture();
  const other = addClient();
  log.put("a");
  for (const { create } of [client, other]) {
    for (let i = 0; i < 3; i++) create({ key: "a", rangeEnd: "b", startRevision: 2 });
  }
  client.sink.onEvents = () => client.stream.cancel(client.sink.responses[0].watchId);
  other.sink.onEvents = () => other.stream.close();
  hub.catchUp(1000);
  assert.equal(client.sink.take().length, 3);
  assert.equal(other.sink.take().length, 1);
  assert.equal(hub.watcherCount, 2);
  assert.equal(hub.laggingWatcherCount, 0);
  log.put("a");
  hub.notify();
  assert.equal(client.sink.take().length, 2);
});

Deno.test("WatchStream.close() leaves nothing behind", () => {
  const { log, hub, client } = newFixture();
  for (let i = 0; i < 3; i++) log.put("a");
  client.create({ key: "a", rangeEnd: "b" });
  client.create({ key: "a", startRevision: 2, progressNotify: true });
  client.create({ key: "a", startRevision: 99 });
  client.stream.requestProgress();
  client.stream.close();
  client.stream.close();
  client.stream.resume();
  client.stream.requestProgress();
  assert.equal(client.create({ key: "a" }).cancelReason, EMPTY_RANGE);
  assert.equal(hub.watcherCount, 0);
  assert.equal(hub.laggingWatcherCount, 0);
  assert.equal(hub.catchUp(1000), false);
  log.visitCount = 0;
  log.put("a");
  hub.notify();
  hub.tick(1e9);
  assert.equal(log.visitCount, 0);
  assert.deepEqual(client.sink.take(), []);
});
