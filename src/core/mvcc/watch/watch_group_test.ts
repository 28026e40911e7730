import assert from "node:assert/strict";
import { Prng } from "../../../base/prng.ts";
import { WatchHub } from "./watch_hub.ts";
import { type WatchGroup, WatchIndex, type WatchShape } from "./watch_group.ts";
import { WATCH_LIMITS } from "./watch_limits.ts";
import { WatchStreamState } from "./watch_stream.ts";
import { FakeLog, RecordingSink } from "./testing/watch_fixtures.ts";
import { Watcher, WatcherState } from "./watch_watcher.ts";

Deno.test("WatchGroup knows the places of its members when some left during a walk", () => {
  const { group, watchers } = newGroup(5);
  group.beginWalk();
  for (const i of [0, 2]) {
    watchers[i].state = WatcherState.LAGGING;
    group.remove(watchers[i]);
  }
  assert.equal(group.members.length, 5, "during a walk the list stays as it is");
  group.endWalk();
  assert.deepEqual(idsOf(group), [1n, 3n, 4n]);
  group.remove(watchers[1]);
  assert.deepEqual(idsOf(group), [3n, 4n]);
  group.remove(watchers[4]);
  group.remove(watchers[3]);
  assert.deepEqual(idsOf(group), []);
});

Deno.test("WatchIndex gives one group to watchers of one shape, until the last of them is gone", () => {
  const index = new WatchIndex();
  for (const rangeEnd of ["", "b", "\0"]) {
    const shape = newShape({ rangeEnd });
    const group = index.acquire(shape);
    assert.equal(index.acquire({ ...shape }), group);
    assert.notEqual(index.acquire({ ...shape, noPut: true }), group);
    assert.notEqual(index.acquire({ ...shape, noDelete: true }), group);
    assert.notEqual(index.acquire({ ...shape, prevKv: true }), group);
    const [groups] = collected(index, "a");
    assert.equal(groups.length, 4);
    for (const each of [group, group, ...groups.filter((other) => other !== group)]) {
      index.release(each);
    }
    assert.deepEqual(collected(index, "a"), [], "nothing is left to look at");
  }
});

Deno.test("Watcher.idField is the response's field as canonical protobuf has it", () => {
  const fields: [bigint, number[]][] = [
    [0n, []],
    [1n, [0x10, 1]],
    [300n, [0x10, 0xac, 0x02]],
    [-1n, [0x10, ...Array(9).fill(0xff), 0x01]],
  ];
  for (const [id, bytes] of fields) {
    assert.deepEqual([...newWatcher(id, new WatchIndex().acquire(newShape({}))).idField], bytes);
  }
});

function newShape(fields: Partial<WatchShape>): WatchShape {
  return { key: "a", rangeEnd: "", noPut: false, noDelete: false, prevKv: false, ...fields };
}

function newWatcher(id: bigint, group: WatchGroup): Watcher {
  const hub = new WatchHub(new FakeLog(), {
    maxResponseBytes: WATCH_LIMITS.responseSoftBytes,
    progressNotifyIntervalMs: 1000,
    prng: new Prng(1),
  });
  const stream = hub.openStream(new RecordingSink());
  assert.ok(stream instanceof WatchStreamState);
  return new Watcher(id, stream, group, { fragment: false, progressNotify: false });
}

function newGroup(count: number): { group: WatchGroup; watchers: Watcher[] } {
  const group = new WatchIndex().acquire(newShape({}));
  const watchers = Array.from({ length: count }, (_, i) => newWatcher(BigInt(i), group));
  for (const watcher of watchers) {
    watcher.state = WatcherState.SYNCED;
    group.add(watcher);
  }
  return { group, watchers };
}

function idsOf(group: WatchGroup): bigint[] {
  return group.members.map((watcher) => watcher.id).sort();
}

function collected(index: WatchIndex, key: string): WatchGroup[][] {
  const found: WatchGroup[][] = [];
  index.collect(key, found);
  return found;
}
