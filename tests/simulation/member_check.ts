import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { latin1FromBytes } from "../../src/base/bytes.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Prng } from "../../src/base/prng.ts";
import { hashOf } from "../../src/core/mvcc/testing/store_fixtures.ts";
import { hashKvOfFile } from "../../src/disk/backend/file_hash_kv.ts";
import { ChangeWalk } from "../../src/disk/backend/change_walk.ts";
import type { ReadTransaction } from "../../src/disk/btree/read_transaction.ts";
import { RangeRequest } from "../../src/pb/etcdserverpb.ts";
import type { EtcdServer } from "../../src/server/etcd_server.ts";
import type { MemberModel } from "./member_model.ts";
import { describeDifference, outlineOf, outlineOfModel } from "./member_outline.ts";

/** How many of the past revisions are read, besides the oldest and the newest. */
const SAMPLED_REVISIONS = 2;

/** Verifies that a member has exactly what the model has, and that its parts fit together. */
export function checkMemory(server: EtcdServer, model: MemberModel, prng: Prng): void {
  const difference = describeDifference(outlineOf(server), outlineOfModel(model));
  assert.equal(difference, undefined);
  checkLeases(server, model);
  for (const revision of sampledRevisions(model, prng)) checkRange(server, model, revision);
  server.store.check();
  assert.equal(hashOf(server.store, 0, 1000), model.store.hashKv(model.store.current), "HashKV");
}

/** Verifies the same of the B-tree file; everything applied goes there first. */
export async function checkFile(server: EtcdServer, model: MemberModel): Promise<void> {
  const { clock } = server.config;
  // Asked first: what is removed while the file is read is not in what is read.
  const isCompacted = server.store.finishedCompactRevision === model.store.compacted;
  const read = await server.backend.openSnapshot();
  try {
    const { hash } = await hashKvOfFile(read, 0, { clock, yieldTurn: setImmediate });
    assert.equal(hash, model.store.hashKv(model.store.current), "HashKV of the file");
    if (isCompacted) {
      assert.equal(server.store.changeCount, model.store.retained().length, "what is retained");
      assert.equal(await changesIn(read, clock), server.store.changeCount, "changes in the file");
    }
  } finally {
    read.close();
  }
  assert.deepEqual(await server.backend.file.check(), [], "findings in the file");
}

function checkLeases(server: EtcdServer, model: MemberModel): void {
  for (const id of model.leaseTtls.keys()) {
    assert.deepEqual(server.lessor.keys(id), model.store.keysOf(id), `the keys of lease ${id}`);
  }
}

function sampledRevisions(model: MemberModel, prng: Prng): Set<number> {
  const { current, compacted } = model.store;
  const oldest = Math.max(compacted, 1);
  const samples = Array.from({ length: SAMPLED_REVISIONS }, () => prng.between(oldest, current));
  return new Set([0, oldest, ...samples]);
}

function checkRange(server: EtcdServer, model: MemberModel, revision: number): void {
  const request = RangeRequest.create({ key: "\0", rangeEnd: "\0", revision });
  const found = server.store.range(request);
  const expected = model.store.range(request);
  const kvs = found.kvs.map(({ bytes, start, end }) => latin1FromBytes(bytes, start, end));
  assert.deepEqual(kvs, expected.kvs, `the pairs at revision ${revision}`);
  assert.equal(found.count, expected.count, `the count at revision ${revision}`);
}

async function changesIn(read: ReadTransaction, clock: Clock): Promise<number> {
  const walk = new ChangeWalk(read, clock);
  let count = 0;
  while (walk.step(() => void count++)) await setImmediate();
  return count;
}
