import assert from "node:assert/strict";
import { ManualClock } from "../../../base/manual_clock.ts";
import { LEASING_LIMITS } from "./limits.ts";
import type { OwnedKey } from "./owned_key.ts";
import { OwnedKeys } from "./owned_keys.ts";

const { backoffMs, idleMs, ownedKeys } = LEASING_LIMITS;

interface Scene {
  readonly clock: ManualClock;
  readonly keys: OwnedKeys;
  /** `key@revision` of all that was given back. */
  readonly released: string[];
}

function newScene(): Scene {
  const clock = new ManualClock();
  const released: string[] = [];
  const keys = new OwnedKeys(clock, (key, revision) => released.push(`${key}@${revision}`));
  return { clock, keys, released };
}

function acquire(keys: OwnedKeys, key: string, revision: number): OwnedKey {
  const owned = keys.acquired(keys.beginAcquisition(key), revision);
  assert(owned !== undefined);
  return owned;
}

function targets(...keys: string[]) {
  return { keys: new Set(keys), intervals: [] };
}

Deno.test("OwnedKeys lets go of a key that somebody asks for, and leaves it alone for a while", () => {
  const { clock, keys, released } = newScene();
  assert.equal(keys.mayAcquire("k"), true);
  acquire(keys, "k", 5);
  assert.equal(keys.mayAcquire("k"), false);
  keys.heard({ key: "k", revision: 8, kind: "revoked" });
  assert.equal(keys.get("k"), undefined);
  assert.deepEqual(released, ["k@8"]);
  assert.equal(keys.mayAcquire("k"), false);
  clock.advance(backoffMs);
  assert.equal(keys.mayAcquire("k"), true);
});

Deno.test("OwnedKeys does not take late news of one ownership for news of the next", () => {
  const { keys, released } = newScene();
  const owned = acquire(keys, "k", 9);
  for (const kind of ["acquired", "revoked", "gone"] as const) {
    keys.heard({ key: "k", revision: 8, kind });
  }
  keys.heard({ key: "k", revision: 9, kind: "acquired" });
  assert.equal(keys.get("k"), owned);
  assert.deepEqual(released, []);
});

Deno.test("OwnedKeys does not own what was taken away before the answer came", () => {
  const { keys, released } = newScene();
  for (const kind of ["revoked", "gone"] as const) {
    const acquisition = keys.beginAcquisition("k");
    keys.heard({ key: "k", revision: 5, kind: "acquired" });
    keys.heard({ key: "k", revision: 6, kind });
    assert.equal(keys.acquired(acquisition, 5), undefined);
    assert.equal(keys.get("k"), undefined);
  }
  assert.deepEqual(released, ["k@6"]);
  // What was taken away before it was acquired is another ownership.
  const acquisition = keys.beginAcquisition("k");
  keys.heard({ key: "k", revision: 6, kind: "gone" });
  assert.notEqual(keys.acquired(acquisition, 7), undefined);
});

Deno.test("OwnedKeys gives back what it owns without having been told", () => {
  const { keys, released } = newScene();
  const early = keys.beginAcquisition("early");
  keys.heard({ key: "early", revision: 5, kind: "acquired" });
  keys.notAcquired(early);
  const late = keys.beginAcquisition("late");
  keys.notAcquired(late);
  keys.heard({ key: "late", revision: 6, kind: "acquired" });
  assert.deepEqual(released, ["early@5", "late@6"]);
});

Deno.test("OwnedKeys acquires no key that is being written", () => {
  const { keys } = newScene();
  const interval = { key: "m", rangeEnd: "p" };
  const writes = [targets("k"), targets("k"), { keys: new Set<string>(), intervals: [interval] }];
  for (const write of writes) keys.beginWrite(write);
  const mayAcquire = () => ["k", "l", "m", "p"].filter((key) => keys.mayAcquire(key)).join();
  assert.equal(mayAcquire(), "l,p");
  keys.endWrite(writes[0]);
  assert.equal(mayAcquire(), "l,p");
  keys.endWrite(writes[1]);
  keys.endWrite(writes[2]);
  assert.equal(mayAcquire(), "k,l,m,p");
});

Deno.test("OwnedKeys gives back a key whose write may still take place", () => {
  const { keys, released } = newScene();
  const owned = acquire(keys, "k", 5);
  acquire(keys, "other", 6);
  const claim = keys.claim({ keys: new Set(["k", "x"]), intervals: [] });
  assert.equal(claim.createRevisionOf("k"), 5);
  assert.equal(claim.createRevisionOf("x"), 0);
  assert.equal(owned.isBeingWritten, true);
  claim.abandon();
  assert.equal(keys.get("k"), undefined);
  assert.notEqual(keys.get("other"), undefined);
  assert.deepEqual(released, ["k@5"]);
});

Deno.test("OwnedKeys claims each key once, by itself or by its interval", () => {
  const { keys } = newScene();
  const [a, b, c] = ["a", "b", "c"].map((key, i) => acquire(keys, key, 5 + i));
  const interval = { key: "a", rangeEnd: "c" };
  const claim = keys.claim({ keys: new Set(["a"]), intervals: [interval] });
  assert.deepEqual([a, b, c].map((owned) => owned.isBeingWritten), [true, true, false]);
  claim.settle([{ interval, put: undefined }], 9);
  assert.deepEqual([a, b, c].map((owned) => owned.isBeingWritten), [false, false, false]);
});

Deno.test("OwnedKeys makes room of what nobody reads", () => {
  const { clock, keys, released } = newScene();
  for (let i = 0; i < ownedKeys; i++) acquire(keys, `k${i}`, 5);
  assert.equal(keys.mayAcquire("one more"), false);
  clock.advance(idleMs);
  keys.read("k0");
  assert.equal(keys.mayAcquire("one more"), true);
  assert.deepEqual(released, ["k1@5"]);
  acquire(keys, "one more", 6);
  assert.equal(keys.size, ownedKeys);
});

Deno.test("OwnedKeys forgets all at the end of a session", async () => {
  const { keys, released } = newScene();
  acquire(keys, "k", 5);
  const acquisition = keys.beginAcquisition("l");
  const settled = keys.untilSettled("l");
  keys.clear();
  await settled;
  assert.equal(keys.acquired(acquisition, 6), undefined);
  assert.equal(keys.size, 0);
  assert.deepEqual(released, []);
  assert.equal(keys.mayAcquire("k"), true);
});
