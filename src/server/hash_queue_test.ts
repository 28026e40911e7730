import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import { ETCD_ERRORS, type EtcdError } from "../core/errors.ts";
import { FakeLeases, hashOf, put, storeOf } from "../core/mvcc/testing/store_fixtures.ts";
import { Store } from "../core/mvcc/store.ts";
import { HashQueue, type HashRequest } from "./hash_queue.ts";

interface Outcome {
  readonly hash: number;
  readonly hashRevision: number;
  readonly compactRevision: number;
  readonly currentRevision: number;
}

/** Enough that one hash takes several slices. */
function largeStore(): Store {
  return storeOf(...Array.from({ length: 10_000 }, (_, i) => `key ${i}`));
}

function ask(queue: HashQueue, revision: number): { request: HashRequest; done: Promise<Outcome> } {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const request: HashRequest = {
    revision,
    waiter: {
      hashed({ hash, hashRevision, compactRevision }, currentRevision): void {
        resolve({ hash, hashRevision, compactRevision, currentRevision });
      },
      failed: (error: EtcdError) => reject(error),
    },
  };
  queue.add(request);
  return { request, done: promise };
}

function rethrow(error: unknown): never {
  throw error;
}

Deno.test("HashQueue hashes in slices, while the store goes on", async () => {
  const store = largeStore();
  const [whole, half] = [hashOf(store, 0), hashOf(store, 5_001)];
  const queue = new HashQueue(store, systemClock, rethrow);
  const all = ask(queue, 0);
  const old = ask(queue, 5_001);
  await setImmediate();
  await setImmediate();
  put(store, "key 1", "new");
  store.compact(4_000);
  assert.deepEqual(await all.done, {
    hash: whole,
    hashRevision: 10_001,
    compactRevision: -1,
    currentRevision: 10_001,
  });
  assert.deepEqual(await old.done, {
    hash: half,
    hashRevision: 5_001,
    compactRevision: 4_000,
    currentRevision: 10_002,
  });
  assert.equal(queue.durations.total, 2);
});

Deno.test("HashQueue lets compactions go between two hashes", async () => {
  const store = largeStore();
  for (let i = 0; i < 100; i++) put(store, "key 1", String(i));
  const queue = new HashQueue(store, systemClock, rethrow);
  const first = ask(queue, 0);
  const second = ask(queue, 0);
  await setImmediate();
  await setImmediate();
  const compaction = store.compact(10_101);
  assert.equal(compaction.step(1e6), true, "a hash is being made");
  await first.done;
  assert.equal(compaction.step(1e6), false, "the second hash has not begun");
  assert.equal((await second.done).hash, hashOf(store, 0));
});

Deno.test("HashQueue refuses what it cannot hash, and goes on", async () => {
  const store = largeStore();
  const queue = new HashQueue(store, systemClock, rethrow);
  store.compact(100);
  const requests = [99, 10_002, 100].map((revision) => ask(queue, revision).done);
  await assert.rejects(requests[0], ETCD_ERRORS.compacted);
  await assert.rejects(requests[1], ETCD_ERRORS.futureRev);
  assert.equal((await requests[2]).hash, hashOf(store, 100));
});

Deno.test("HashQueue.cancel() takes back what waits and what runs", async () => {
  const store = largeStore();
  const queue = new HashQueue(store, systemClock, rethrow);
  const settled: string[] = [];
  const watched = (name: string) => {
    const { request, done } = ask(queue, 0);
    done.then(() => settled.push(name), () => settled.push(name));
    return { request, done };
  };
  const [running, waiting, last] = ["running", "waiting", "last"].map(watched);
  await setImmediate();
  await setImmediate();
  queue.cancel(running.request);
  queue.cancel(waiting.request);
  const compaction = store.compact(5_000);
  assert.equal(compaction.step(1e6), false, "nothing is being hashed any more");
  await last.done;
  queue.cancel(last.request);
  assert.deepEqual(settled, ["last"]);
});

Deno.test("HashQueue.stop() tells everybody and frees the store", async () => {
  const store = largeStore();
  const queue = new HashQueue(store, systemClock, rethrow);
  const requests = [ask(queue, 0), ask(queue, 0)];
  await setImmediate();
  await setImmediate();
  queue.stop();
  for (const { done } of requests) await assert.rejects(done, ETCD_ERRORS.stopped);
  assert.equal(store.compact(5_000).step(1e6), false);
});

Deno.test("HashQueue answers for a compaction's revision with what was there before it", async () => {
  const store = new Store(new FakeLeases(), { hashCompactions: true });
  for (let i = 2; i <= 10; i++) put(store, "key", String(i));
  const [before, other] = [hashOf(store, 8), hashOf(store, 9)];
  const compaction = store.compact(8);
  while (compaction.step(1_000));
  assert.notEqual(hashOf(store, 8), before, "what is there now is less");
  const queue = new HashQueue(store, systemClock, rethrow);
  assert.deepEqual(await ask(queue, 8).done, {
    hash: before,
    hashRevision: 8,
    compactRevision: -1,
    currentRevision: 10,
  });
  const { hash, compactRevision } = await ask(queue, 9).done;
  assert.notEqual(hash, other);
  assert.equal(compactRevision, 8);
});

Deno.test("HashQueue answers for a compaction's revision with what is left if none was hashed", async () => {
  const store = new Store(new FakeLeases());
  for (let i = 2; i <= 10; i++) put(store, "key", String(i));
  const compaction = store.compact(8);
  while (compaction.step(1_000));
  const queue = new HashQueue(store, systemClock, rethrow);
  const { hash, compactRevision } = await ask(queue, 8).done;
  assert.equal(hash, hashOf(store, 8));
  assert.equal(compactRevision, 8);
});
