import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { FilterType, WatchCreateRequest } from "../../pb/etcdserverpb.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import { WatchHub } from "./watch_hub.ts";
import { WATCH_LIMITS, type WatchLimits } from "./watch_limits.ts";
import { NO_WATCH_ID, type WatchSink, type WatchStream } from "./watch_stream.ts";
import { FakeLog, RecordingSink } from "./testing/watch_fixtures.ts";

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

Deno.test("WatchHub.notify() tells each form of range what lies in it", () => {
  const forms: [string, string, string[]][] = [
    ["b", "", ["b"]],
    ["b", "c", ["b", "b\0", "b\xff"]],
    ["b\0", "\0", ["b\0", "b\xff", "c", "\xff"]],
    ["\0", "\0", ["\0", "a", "b", "b\0", "b\xff", "c", "\xff"]],
    ["", "\0", ["\0", "a", "b", "b\0", "b\xff", "c", "\xff"]],
    ["", "", ["\0"]],
    ["", "b", ["\0", "a"]],
  ];
  for (const [key, rangeEnd, expected] of forms) {
    const { log, hub, client } = newFixture();
    client.create({ key, rangeEnd });
    log.txn(["\0", "a", "b", "b\0", "b\xff", "c", "\xff"].map((key) => ({ key })));
    hub.notify();
    const keys = client.sink.responses.flatMap((response) => response.events).map((e) => e.kv?.key);
    assert.deepEqual(keys, expected, JSON.stringify([key, rangeEnd]));
  }
});

Deno.test("WatchHub.notify() puts all revisions of a batch into one response of each watcher", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a" });
  client.create({ key: "a", rangeEnd: "c" });
  client.create({ key: "d" });
  log.put("a");
  log.txn([{ key: "a" }, { key: "b" }]);
  log.delete("b");
  log.put("x");
  hub.notify();
  assert.deepEqual(client.sink.take().sort(), [
    "0 at 5: put a@2, put a@3",
    "1 at 5: put a@2, put a@3, put b@3, delete b@4",
  ]);
  hub.notify();
  assert.deepEqual(client.sink.take(), []);
  assert.equal(hub.deliveredEventCount, 6);
});

Deno.test("WatchHub.notify() begins another response when one is large", () => {
  const { log, hub, client } = newFixture({ responseSoftBytes: 100 });
  client.create({ key: "a" });
  for (let i = 0; i < 3; i++) log.txn([{ key: "a", value: "x".repeat(90) }, { key: "b" }]);
  hub.notify();
  const responses = ["0 at 2: put a@2", "0 at 3: put a@3", "0 at 4: put a@4"];
  assert.deepEqual(client.sink.take(), responses);
});

Deno.test("WatchHub.notify() tells pairs as they are when they are put, changed and deleted", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a", prevKv: true });
  client.create({ key: "a" });
  log.put("a", "1");
  log.put("a", "2");
  log.delete("a");
  log.put("a", "3");
  hub.notify();
  const first = pair({ createRevision: 2, modRevision: 2, version: 1 }, "1");
  const second = pair({ createRevision: 2, modRevision: 3, version: 2 }, "2");
  const third = pair({ createRevision: 5, modRevision: 5, version: 1 }, "3");
  const deletion = KeyValue.create({ key: "a", modRevision: 4 });
  const [full, plain] = [client.eventsOf(0n), client.eventsOf(1n)];
  assert.deepEqual(full, [
    { type: 0, kv: first, prevKv: undefined },
    { type: 0, kv: second, prevKv: first },
    { type: 1, kv: deletion, prevKv: second },
    { type: 0, kv: third, prevKv: undefined },
  ]);
  assert.deepEqual(plain, full.map((event) => ({ ...event, prevKv: undefined })));
});

Deno.test("WatchHub leaves out the previous pair when it is compacted", () => {
  const { log, hub, client } = newFixture();
  for (const value of ["1", "2", "3"]) log.put("a", value);
  log.compact(3);
  client.create({ key: "a", rangeEnd: "b", prevKv: true, startRevision: 3 });
  hub.catchUp(100);
  const previous = client.eventsOf(0n).map((event) => event.prevKv?.modRevision);
  assert.deepEqual(previous, [undefined, 3]);
});

Deno.test("WatchHub keeps to the filters when puts or deletions are not wanted", () => {
  const { log, hub, client } = newFixture();
  const { NOPUT, NODELETE } = FilterType;
  client.create({ key: "a", filters: [NOPUT] });
  client.create({ key: "a", filters: [NODELETE, NODELETE] });
  client.create({ key: "a", filters: [NOPUT, NODELETE] });
  log.put("a");
  log.delete("a");
  hub.notify();
  assert.deepEqual(client.sink.take().sort(), ["0 at 3: delete a@3", "1 at 3: put a@2"]);
});

Deno.test("WatchHub encodes an event once when many watchers want the same", () => {
  const { log, hub } = newFixture();
  const places = new Set<string>();
  const arrays = new Set<Uint8Array>();
  const sink: WatchSink = {
    events(_target, _revision, { bytes, start, end }) {
      places.add(`${start}-${end}`);
      arrays.add(bytes);
      return true;
    },
    canceled: () => assert.fail(),
    progress: () => assert.fail(),
  };
  for (let i = 0; i < 10; i++) {
    const stream = hub.openStream(sink);
    const request = { key: "a", rangeEnd: "b", progressNotify: i % 2 === 0 };
    for (let k = 0; k < 5; k++) stream.create(WatchCreateRequest.create(request));
  }
  log.put("a");
  log.put("b");
  log.put("a");
  hub.notify();
  assert.equal(places.size, 1);
  assert.equal(arrays.size, 1);
  assert.equal(hub.deliveredEventCount, 100);
});

Deno.test("WatchHub.notify() does not read the log when nobody is waiting", () => {
  const { log, hub, client } = newFixture();
  log.put("a");
  hub.notify();
  assert.equal(log.visitCount, 0);
  client.create({ key: "a" });
  client.stream.cancel(0n);
  log.put("a");
  hub.notify();
  assert.equal(log.visitCount, 0);
});

Deno.test("WatchHub splits a response when fragments are wanted and it is too large", () => {
  // An event with 180 bytes of value takes 200, tag and all; 1000 bytes are one too many.
  const cases: [number[], number[]][] = [
    [[2000], [1]],
    [[180, 180, 180, 180], [4]],
    [[180, 180, 180, 180, 180], [4, 1]],
    [Array(20).fill(180), [4, 4, 4, 4, 4]],
    [[2000, 180, 2000, 180, 180], [1, 1, 1, 2]],
  ];
  for (const [valueSizes, expected] of cases) {
    const { log, hub, client } = newFixture({ responseOverheadBytes: 0 }, 1000);
    client.create({ key: "a", rangeEnd: "\0", fragment: true });
    client.create({ key: "a", rangeEnd: "\0" });
    const writes = valueSizes.map((size, i) => ({
      key: `a${String(i).padStart(3)}`,
      value: "x".repeat(size),
    }));
    log.txn(writes);
    hub.notify();
    const responses = client.sink.responses.filter((response) => response.watchId === 0n);
    assert.deepEqual(responses.map((response) => response.events.length), expected);
    const fragments = responses.map((response) => response.fragment);
    assert.deepEqual(fragments, expected.map((_, i) => i < expected.length - 1));
    const whole = client.sink.responses.filter((response) => response.watchId === 1n);
    assert.deepEqual(whole.map((response) => response.fragment), [false]);
    assert.deepEqual(client.eventsOf(0n), client.eventsOf(1n));
  }
});

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

Deno.test("WatchHub.tick() notifies synced watchers that got nothing in the interval", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a", progressNotify: true });
  client.create({ key: "b", progressNotify: true });
  client.create({ key: "c" });
  hub.tick(0);
  log.put("a");
  hub.notify();
  hub.tick(999);
  assert.deepEqual(client.sink.take(), ["0 at 2: put a@2"]);
  hub.tick(1100);
  assert.deepEqual(client.sink.take(), ["1 progress 2"]);
  hub.tick(2050);
  assert.deepEqual(client.sink.take(), []);
  hub.tick(2200);
  assert.deepEqual(client.sink.take(), ["0 progress 2", "1 progress 2"]);
});

Deno.test("WatchHub.tick() spreads the notifications of streams over a tenth of the interval", () => {
  const { hub, addClient } = newFixture();
  const clients = Array.from({ length: 200 }, addClient);
  for (const { create } of clients) create({ key: "a", progressNotify: true });
  hub.tick(0);
  const notified = (): number => clients.filter(({ sink }) => sink.responses.length > 0).length;
  hub.tick(999);
  assert.equal(notified(), 0);
  hub.tick(1050);
  assert.ok(notified() > 50 && notified() < 150, `${notified()}`);
  hub.tick(1100);
  assert.equal(notified(), 200);
});

Deno.test("WatchHub.tick() notifies nobody when the stream is full, behind or closed", () => {
  const { log, hub, client, addClient } = newFixture();
  const [full, closed] = [addClient(), addClient()];
  for (const { create } of [full, closed]) create({ key: "a", progressNotify: true });
  full.sink.room = 1;
  log.put("a");
  hub.notify();
  client.create({ key: "a", progressNotify: true, startRevision: 1 });
  hub.tick(0);
  closed.stream.close();
  hub.tick(5000);
  hub.tick(10_000);
  assert.deepEqual(client.sink.take(), []);
  assert.deepEqual(closed.sink.take(), ["0 at 2: put a@2"]);
  assert.deepEqual(full.sink.take(), ["0 at 2: put a@2"]);
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

Deno.test("WatchHub.restore() goes on where it was when a snapshot brings another log", () => {
  const { log, hub, client } = newFixture();
  client.create({ key: "a" });
  log.put("a");
  hub.notify();
  const [behind, ahead] = [new FakeLog(), new FakeLog()];
  for (let i = 0; i < 4; i++) ahead.put("a");
  ahead.compact(3);
  hub.restore(ahead);
  assert.deepEqual(client.sink.take(), ["0 at 2: put a@2", "0 at 5: put a@3, put a@4, put a@5"]);
  for (let i = 0; i < 5; i++) ahead.put("a");
  ahead.compact(8);
  hub.restore(ahead);
  hub.catchUp(1000);
  assert.deepEqual(client.sink.take(), ["0 canceled, compacted at 8"]);
  assert.throws(() => hub.restore(behind), /revisions never go back/);
});

interface TestClient {
  readonly sink: RecordingSink;
  readonly stream: WatchStream;
  create(request: Partial<WatchCreateRequest>): ReturnType<WatchStream["create"]>;
  resume(room?: number): void;
  eventsOf(watchId: bigint): RecordingSink["responses"][number]["events"][number][];
}

interface Fixture {
  readonly log: FakeLog;
  readonly hub: WatchHub;
  readonly client: TestClient;
  addClient(): TestClient;
}

function newFixture(
  limits: Partial<WatchLimits> = {},
  maxResponseBytes = 1 << 20,
): Fixture {
  const log = new FakeLog();
  const hub = new WatchHub(log, {
    maxResponseBytes,
    progressNotifyIntervalMs: 1000,
    prng: new Prng(1),
    limits: { ...WATCH_LIMITS, ...limits },
  });
  return { log, hub, client: newClient(hub), addClient: () => newClient(hub) };
}

function newClient(hub: WatchHub): TestClient {
  const sink = new RecordingSink();
  const stream = hub.openStream(sink);
  return {
    sink,
    stream,
    create: (request) => stream.create(WatchCreateRequest.create(request)),
    resume(room = Infinity) {
      sink.room = room;
      sink.blocked = false;
      stream.resume();
    },
    eventsOf: (watchId) =>
      sink.responses.filter((response) => response.watchId === watchId).flatMap((
        r,
      ) => [...r.events]),
  };
}

function pair(fields: Partial<KeyValue>, value: string): KeyValue {
  return KeyValue.create({ key: "a", value: new TextEncoder().encode(value), ...fields });
}
