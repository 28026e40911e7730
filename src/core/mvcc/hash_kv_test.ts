import assert from "node:assert/strict";
import { bytesFromText } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import { ETCD_ERRORS } from "../errors.ts";
import type { Store } from "./store.ts";
import { finish, hashOf, put, remove, storeOf } from "./testing/store_fixtures.ts";

/** Bytes written as text, spaces left out. */
function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (digits) => parseInt(digits, 16));
}

function crcOf(...parts: string[]): number {
  return parts.reduce(
    (crc, part) => crc32c(hex(part), 0, undefined, crc),
    crc32c(bytesFromText("key")),
  );
}

const PUT_A_AT_2 = "0000000000000002 5f 0000000000000000 0a0161 1002 1802 2001 2a0131";
const DELETE_A_AT_3 = "0000000000000003 5f 0000000000000000 74 0a0161";
const PUT_B_AT_4 = "0000000000000004 5f 0000000000000000 0a0162 1004 1804 2001 2a0132";

function smallHistory(): Store {
  const store = storeOf();
  put(store, "a", "1");
  remove(store, "a");
  put(store, "b", "2");
  return store;
}

Deno.test("HashKv hashes nothing below revision 0, as etcd does", () => {
  assert.equal(hashOf(smallHistory(), -1), crcOf());
});

Deno.test("HashKv hashes the changes as they lie in etcd's file", () => {
  assert.equal(hashOf(storeOf()), crcOf());
  assert.equal(hashOf(smallHistory()), crcOf(PUT_A_AT_2, DELETE_A_AT_3, PUT_B_AT_4));
  assert.equal(hashOf(smallHistory(), 2), crcOf(PUT_A_AT_2));
});

Deno.test("HashKv leaves out what is superseded, before and after it is removed", () => {
  const store = smallHistory();
  const compaction = store.compact(4);
  assert.equal(hashOf(store), crcOf(PUT_B_AT_4));
  finish(compaction);
  assert.equal(hashOf(store), crcOf(PUT_B_AT_4));
});

Deno.test("HashKv leaves out a tombstone at the compacted revision", () => {
  const store = smallHistory();
  finish(store.compact(3));
  assert.equal(hashOf(store), crcOf(PUT_B_AT_4));
});

Deno.test("HashKv hashes what a compaction kept when no key is left, as etcd does", () => {
  const store = storeOf();
  put(store, "a", "1");
  remove(store, "a");
  finish(store.compact(2));
  assert.equal(hashOf(store), crcOf(PUT_A_AT_2, DELETE_A_AT_3));
});

Deno.test("HashKv tells its revisions and refuses those it cannot read", () => {
  const store = storeOf("a", "b", "c");
  assert.equal(store.hashKv(0).hashRevision, 4);
  assert.equal(store.hashKv(0).compactRevision, -1);
  assert.throws(() => store.hashKv(5), ETCD_ERRORS.futureRev);
  store.compact(3);
  assert.throws(() => store.hashKv(2), ETCD_ERRORS.compacted);
  assert.equal(store.hashKv(3).compactRevision, 3);
});

Deno.test("HashKv gives the same however it is sliced and whatever is written meanwhile", () => {
  const store = storeOf(...Array.from({ length: 300 }, (_, i) => `key-${i % 40}`));
  const whole = hashOf(store, 0, 1_000_000);
  const hash = store.hashKv(0);
  let slices = 0;
  while (hash.step(1)) put(store, `key-${slices++}`, "meanwhile");
  assert.ok(slices > 100);
  assert.equal(hash.hash, whole);
  assert.equal(hashOf(store, hash.hashRevision), whole);
});
