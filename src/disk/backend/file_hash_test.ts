import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import { systemClock } from "../../base/clock.ts";
import { Prng } from "../../base/prng.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import { contentsOf, revisionKey } from "../btree/testing/btree_fixtures.ts";
import type { BTreeFile } from "../btree/btree_file.ts";
import {
  commitBatch,
  damageIn,
  openFile,
  putTombstone,
  UNINTERRUPTED,
  withRead,
} from "./testing/backend_fixtures.ts";
import { readBackendStatus } from "./backend_status.ts";
import { BackendHash, hashBackend } from "./file_hash.ts";
import { hashKvOfFile } from "./file_hash_kv.ts";
import { Bucket } from "./schema.ts";

interface ModelChange {
  readonly main: number;
  readonly sub: number;
  readonly key: string;
  /** Undefined for a tombstone. */
  readonly kv: KeyValue | undefined;
}

/** A history as plain as can be: some keys, each changed at most once a revision. */
function randomHistory(prng: Prng, lastRevision: number, keyCount: number): ModelChange[] {
  const history: ModelChange[] = [];
  const live = new Map<string, KeyValue>();
  for (let main = 2; main <= lastRevision; main++) {
    let sub = 0;
    const keys = new Set(
      Array.from({ length: prng.between(1, 3) }, () => `k${prng.between(1, keyCount)}`),
    );
    for (const key of keys) {
      const before = live.get(key);
      if (before !== undefined && prng.chance(0.45)) {
        live.delete(key);
        history.push({ main, sub: sub++, key, kv: undefined });
        continue;
      }
      const kv = KeyValue.create({
        key,
        createRevision: before?.createRevision ?? main,
        modRevision: main,
        version: (before?.version ?? 0) + 1,
        value: prng.bytes(prng.chance(0.05) ? 1500 : prng.between(0, 30)),
      });
      live.set(key, kv);
      history.push({ main, sub: sub++, key, kv });
    }
  }
  return history;
}

/** The last change of each key up to a revision. */
function latestAt(history: readonly ModelChange[], revision: number): Set<ModelChange> {
  const latest = new Map<string, ModelChange>();
  for (const change of history) {
    if (change.main <= revision) latest.set(change.key, change);
  }
  return new Set(latest.values());
}

function liveAt(history: readonly ModelChange[], revision: number): Set<ModelChange> {
  return new Set([...latestAt(history, revision)].filter(({ kv }) => kv !== undefined));
}

/** HashKV as its definition says, over a history that nothing was removed from. */
function modelHash(history: readonly ModelChange[], revision: number, compacted: number): number {
  const live = liveAt(history, revision);
  const kept = live.size > 0 ? live : liveAt(history, compacted);
  let hash = crc32c(bytesFromLatin1("key"));
  for (const change of history) {
    const { main, sub, key, kv } = change;
    if (main > revision || (main <= compacted && !kept.has(change))) continue;
    const bytes = KeyValue.encode(kv ?? KeyValue.create({ key }));
    const keyBytes = bytesFromLatin1(revisionKey(main, sub) + (kv === undefined ? "t" : ""));
    hash = crc32c(bytes, 0, bytes.length, crc32c(keyBytes, 0, keyBytes.length, hash));
  }
  return hash;
}

async function writeHistory(file: BTreeFile, history: readonly ModelChange[]): Promise<void> {
  await commitBatch(file, (batch) => {
    for (const { main, sub, key, kv } of history) {
      if (kv === undefined) {
        putTombstone(batch, main, key, sub);
        continue;
      }
      const bytes = KeyValue.encode(kv);
      batch.putChange(main, sub, false, bytes, 0, bytes.length);
    }
  });
}

/**
 * Compacts the file, and with `done` below 1 leaves a part of that undone, which is done in the
 * order of revisions. What existed at the revision stays; so does, in newer versions of etcd, a
 * tombstone of exactly that revision.
 */
async function compact(
  file: BTreeFile,
  history: readonly ModelChange[],
  revision: number,
  prng: Prng,
  done: number,
): Promise<void> {
  const kept = liveAt(history, revision);
  const keepsTombstones = prng.chance(0.5);
  await commitBatch(file, (batch) => {
    batch.setScheduledCompactRevision(revision);
    if (done === 1) batch.setFinishedCompactRevision(revision);
    for (const change of history.slice(0, Math.floor(history.length * done))) {
      const { main, sub, kv } = change;
      if (main > revision || kept.has(change)) continue;
      if (keepsTombstones && main === revision) continue;
      batch.removeChange(main, sub, kv === undefined);
    }
  });
}

function hashKv(file: BTreeFile, revision: number): ReturnType<typeof hashKvOfFile> {
  return withRead(file, (read) => hashKvOfFile(read, revision, UNINTERRUPTED));
}

async function liveKeys(file: BTreeFile): Promise<number> {
  return (await withRead(file, (read) => readBackendStatus(read, UNINTERRUPTED))).totalKeys;
}

Deno.test("hashKvOfFile() and totalKeys do not depend on how far compactions are", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed);
    const last = prng.between(5, 120);
    const history = randomHistory(prng, last, prng.pick([1, 3, 30, 200]));
    const file = await openFile();
    await writeHistory(file, history);
    for (let compacted = -1; compacted <= last;) {
      for (const revision of new Set([Math.max(compacted, 1), last, prng.between(1, last)])) {
        if (revision < compacted) continue;
        const expected = {
          hash: modelHash(history, revision, compacted),
          hashRevision: revision,
          compactRevision: compacted,
        };
        assert.deepEqual(await hashKv(file, revision), expected, `seed ${seed}`);
      }
      assert.equal(await liveKeys(file), liveAt(history, last).size, `seed ${seed}`);
      compacted = Math.max(1, compacted) + prng.between(1, Math.ceil(last / 3));
      if (compacted > last) break;
      await compact(file, history, compacted, prng, prng.pick([0, 0.5, 1]));
    }
    await file.close();
  }
});

Deno.test("hashKvOfFile() hashes what was left where nothing exists any more", async () => {
  const history: ModelChange[] = randomHistory(new Prng(1), 40, 20);
  const last = Math.max(...history.map(({ main }) => main));
  let sub = 0;
  for (const { key } of liveAt(history, last)) {
    history.push({ main: last + 1, sub: sub++, key, kv: undefined });
  }
  const file = await openFile();
  await writeHistory(file, history);
  await compact(file, history, last - 5, new Prng(2), 0.5);
  assert.equal(await liveKeys(file), 0);
  assert.equal((await hashKv(file, 0)).hash, modelHash(history, last + 1, last - 5));
  assert.notEqual(modelHash(history, last + 1, last - 5), crc32c(bytesFromLatin1("key")));
  await file.close();
});

Deno.test("hashKvOfFile() takes what raised the revision for a key that exists", async () => {
  const file = await openFile();
  const kv = KeyValue.create({ key: "a", createRevision: 2, modRevision: 2, version: 1 });
  await writeHistory(file, [
    { main: 2, sub: 0, key: "a", kv },
    { main: 95, sub: 0, key: "a", kv: undefined },
  ]);
  await commitBatch(file, (batch) => {
    batch.putChange(50, 0, false, new Uint8Array(0), 0, 0);
    batch.putChange(90, 0, false, new Uint8Array(0), 0, 0);
    batch.setScheduledCompactRevision(90);
  });
  const tombstone = revisionKey(95, 0) + "t\x0a\x01a";
  const hashed = bytesFromLatin1("key" + revisionKey(90, 0) + tombstone);
  const expected = { hash: crc32c(hashed), hashRevision: 95, compactRevision: 90 };
  assert.deepEqual(await hashKv(file, 0), expected);
  assert.equal(await liveKeys(file), 0);
  await file.close();
});

Deno.test("hashKvOfFile() refuses the revisions that etcd refuses", async () => {
  const file = await openFile();
  assert.deepEqual(await hashKv(file, 0), {
    hash: crc32c(bytesFromLatin1("key")),
    hashRevision: 1,
    compactRevision: -1,
  });
  const history = randomHistory(new Prng(3), 20, 5);
  await writeHistory(file, history);
  await compact(file, history, 10, new Prng(3), 1);
  await assert.rejects(hashKv(file, 21), ETCD_ERRORS.futureRev);
  await assert.rejects(hashKv(file, 9), ETCD_ERRORS.compacted);
  assert.equal((await hashKv(file, 0)).hashRevision, 20);
  assert.equal((await hashKv(file, 10)).hashRevision, 10);
  // A backup restored with a raised revision is compacted where nothing was written yet.
  await commitBatch(file, (batch) => batch.setScheduledCompactRevision(1000));
  assert.equal((await hashKv(file, 0)).hashRevision, 1000);
  await assert.rejects(hashKv(file, 999), ETCD_ERRORS.compacted);
  await file.close();
});

Deno.test("hashKvOfFile() and readBackendStatus() tell damage in a pair", async () => {
  for (const bytes of ["", "\x0a", "\x0a\x01a\x10\x02\x18\x03\x20\x01"]) {
    const file = await openFile();
    await writeHistory(file, randomHistory(new Prng(4), 10, 3));
    await compact(file, [], 10, new Prng(4), 1);
    const write = file.beginWrite();
    const key = revisionKey(4, 9) + (bytes === "" ? "t" : "");
    write.createBucketIfMissing(Bucket.KEY).put(bytesFromLatin1(key), bytesFromLatin1(bytes));
    await write.commit();
    for (
      const run of [() => hashKv(file, 0), () => liveKeys(file)]
    ) {
      const error: unknown = await run().then(() => undefined, (error) => error);
      const { message } = damageIn(() => {
        throw error;
      });
      assert.match(message, /in the bucket key .*no pair of that revision/);
    }
    await file.close();
  }
});

/** What is hashed of the file, one after the other. */
function hashOf(file: BTreeFile, isLeftOut: (bucket: string, key: string) => boolean): number {
  let whole = "";
  for (const [bucket, pairs] of contentsOf(file)) {
    whole += bucket;
    for (const [key, value] of pairs) {
      if (!isLeftOut(bucket, key)) whole += key + value;
    }
  }
  return crc32c(bytesFromLatin1(whole));
}

Deno.test("hashBackend() and readBackendStatus() take in all buckets, in turns", async () => {
  const file = await openFile();
  const history = randomHistory(new Prng(5), 300, 100);
  await writeHistory(file, history);
  await commitBatch(file, (batch) => {
    batch.setConsistentIndex(77, 5);
    batch.setStorageVersion("3.6.0");
    batch.setFinishedCompactRevision(1);
    for (let id = 1n; id < 400n; id++) {
      batch.putLease({ id, ttlSeconds: 5, remainingTtlSeconds: 0 });
    }
  });
  const write = file.beginWrite();
  write.createBucketIfMissing(Bucket.CLUSTER).put(bytesFromLatin1("term"), bytesFromLatin1("x"));
  await write.commit();
  const own = ["consistent_index", "term", "storageVersion"];
  const all = hashOf(file, () => false);
  const shared = hashOf(file, (bucket, key) => bucket === Bucket.META && own.includes(key));
  assert.notEqual(all, shared);
  let nowMs = 0;
  let turns = 0;
  const told: number[] = [];
  const options = {
    clock: { ...systemClock, monotonicMs: () => nowMs++ },
    yieldTurn: () => Promise.resolve(void turns++),
    onProgress: (doneBytes: number, totalBytes: number) => told.push(doneBytes / totalBytes),
  };
  await withRead(file, async (read) => {
    assert.equal(await hashBackend(read, { ...options, skipMeta: false }), all);
    assert.ok(turns > 3);
    assert.equal(told.length, turns + 1);
    assert.deepEqual(told.toSorted((a, b) => a - b), told);
    assert.ok(told[0] > 0 && told[0] < 0.5);
    assert.equal(told.at(-1), 1);
    assert.equal(await hashBackend(read, { ...options, skipMeta: true }), shared);
    const steps = new BackendHash(read, options.clock, { skipMeta: true });
    while (steps.step());
    assert.equal(steps.hash, shared);
    assert.deepEqual(await readBackendStatus(read, options), {
      hash: all,
      revision: 300,
      totalKeys: liveAt(history, 300).size,
      totalPairs: [...contentsOf(file).values()].reduce((sum, pairs) => sum + pairs.size, 0),
      totalSizeBytes: file.sizeBytes,
      version: "3.6.0",
    });
  });
  await file.close();
});

Deno.test("readBackendStatus() reads an empty file", async () => {
  const file = await openFile();
  const status = await withRead(file, (read) => readBackendStatus(read, UNINTERRUPTED));
  assert.deepEqual(status, {
    hash: 0,
    revision: 0,
    totalKeys: 0,
    totalPairs: 0,
    totalSizeBytes: file.sizeBytes,
    version: "",
  });
  await file.close();
});
