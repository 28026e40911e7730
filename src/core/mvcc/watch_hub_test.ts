import assert from "node:assert/strict";
import { FilterType, WatchCreateRequest } from "../../pb/etcdserverpb.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import type { WatchSink } from "./watch_stream.ts";
import { FakeLog } from "./testing/watch_fixtures.ts";
import { newFixture } from "./testing/watch_hub_fixture.ts";

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

function pair(fields: Partial<KeyValue>, value: string): KeyValue {
  return KeyValue.create({ key: "a", value: new TextEncoder().encode(value), ...fields });
}
