import assert from "node:assert/strict";
import { readFile } from "./testing/files.ts";
import { type Entry, HardState } from "../pb/raftpb.ts";
import { Snapshot } from "../pb/walpb.ts";
import { DiskErrorCode } from "./disk_error.ts";
import type { MemoryFileSystem } from "./memory_file_system.ts";
import {
  BEGINNING,
  METADATA,
  newEntries,
  newEntry,
  newMemoryDisk,
  newPrng,
  readWal,
  readWalSnapshots,
  reopenWal,
  walOptions,
} from "./testing/wal_fixtures.ts";
import type { Wal } from "./wal.ts";
import { createWal } from "./wal_opening.ts";
import { listWalSegments } from "./wal_segment.ts";

const SEGMENT_BYTES = 4096;

function newWal(fileSystem: MemoryFileSystem): Wal {
  return createWal(walOptions(fileSystem, SEGMENT_BYTES), METADATA);
}

function state(term: number, commit: number, vote = 7n): HardState {
  return { term, vote, commit };
}

/** Entries of 300 bytes with one term. */
function entriesFrom(first: number, count: number, term = 1): Entry[] {
  const data = new Uint8Array(300).fill(first);
  return Array.from({ length: count }, (_, i) => newEntry(first + i, term, data));
}

function segmentNames(fileSystem: MemoryFileSystem): string[] {
  return listWalSegments(fileSystem, "data/wal").map((segment) => segment.name);
}

Deno.test("Wal gives back what was appended, over several segments and openings", async () => {
  const fileSystem = newMemoryDisk();
  const prng = newPrng(3);
  let wal = newWal(fileSystem);
  const entries: Entry[] = [];
  let hardState = HardState.create();
  for (let round = 0; round < 60; round++) {
    const first = entries.length + 1;
    const batch = newEntries(prng, { first, count: prng.between(0, 6), term: 1 }, 900);
    entries.push(...batch);
    hardState = state(1, entries.length);
    wal.append(hardState, batch);
    if (prng.chance(0.5)) await wal.sync();
    if (prng.chance(0.2)) {
      await wal.close();
      wal = reopenWal(walOptions(fileSystem, SEGMENT_BYTES));
      assert.equal(wal.lastIndex, entries.length);
    }
  }
  await wal.close();
  assert.ok(segmentNames(fileSystem).length > 5);
  const contents = readWal(fileSystem, "data/wal", BEGINNING);
  assert.deepEqual(contents, { metadata: METADATA, hardState, entries });
});

Deno.test("Wal.append() says when a sync is needed by etcd's rule", async () => {
  const wal = newWal(newMemoryDisk());
  assert.equal(wal.append(undefined, []), false);
  assert.equal(wal.append(HardState.create(), []), false);
  assert.equal(wal.append(state(1, 0), []), true);
  assert.equal(wal.append(state(1, 0), entriesFrom(1, 1)), true);
  assert.equal(wal.append(state(1, 1), []), false);
  assert.equal(wal.append(state(1, 1, 8n), []), true);
  assert.equal(wal.append(state(2, 1, 8n), []), true);
  assert.equal(wal.append(state(2, 1, 8n), []), false);
  assert.equal(wal.append(undefined, entriesFrom(2, 1)), true);
  await wal.close();
});

Deno.test("Wal.append() does not keep the caller's state", async () => {
  const wal = newWal(newMemoryDisk());
  const reused = state(1, 0);
  wal.append(reused, []);
  reused.term = 2;
  assert.equal(wal.append(reused, []), true);
  await wal.close();
});

Deno.test("Wal.append() lets later entries replace a suffix", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  wal.append(state(1, 1), entriesFrom(1, 5));
  wal.append(state(2, 1), entriesFrom(3, 1, 2));
  assert.equal(wal.lastIndex, 3);
  await wal.close();
  const { entries } = readWal(fileSystem, "data/wal", BEGINNING);
  assert.deepEqual(entries.map(({ index, term }) => [index, term]), [[1, 1], [2, 1], [3, 2]]);
});

Deno.test("Wal.append() refuses gaps", async () => {
  const wal = newWal(newMemoryDisk());
  assert.throws(() => wal.append(undefined, entriesFrom(2, 1)), /gap before/);
  assert.throws(
    () => wal.append(undefined, [...entriesFrom(1, 1), ...entriesFrom(3, 1)]),
    /gap inside/,
  );
  await wal.close();
});

Deno.test("Wal.append() takes a batch larger than a segment", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  const data = new Uint8Array(12 * 1024 * 1024).fill(5);
  wal.append(state(1, 0), [newEntry(1, 1, data), newEntry(2, 1, data)]);
  await wal.sync();
  wal.append(state(1, 2), entriesFrom(3, 1));
  await wal.close();
  const { entries } = readWal(fileSystem, "data/wal", BEGINNING);
  assert.equal(entries.length, 3);
  assert.deepEqual(entries[1].data, data);
  assert.equal(segmentNames(fileSystem).length, 2);
});

Deno.test("Wal names a segment by its place and its first entry, and cuts the one before", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  wal.append(state(1, 0), entriesFrom(1, 13));
  await wal.sync();
  const [first, second] = segmentNames(fileSystem);
  assert.equal(first, "0000000000000000-0000000000000000.wal");
  assert.equal(second, "0000000000000001-000000000000000e.wal");
  const bytes = readFile(fileSystem, `data/wal/${first}`);
  assert.ok(bytes.length >= SEGMENT_BYTES && bytes.length < SEGMENT_BYTES + 1000);
  // The state ends the file: 16 bytes of record behind 8 of length.
  assert.equal(bytes.at(-24), 16);
  assert.equal(fileSystem.stat(`data/wal/${second}`)?.sizeBytes, SEGMENT_BYTES);
  await wal.close();
});

Deno.test("Wal prepares the next segment ahead and removes it at the end", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  wal.append(state(1, 0), []);
  await wal.sync();
  assert.equal(fileSystem.stat("data/wal/0.tmp")?.sizeBytes, SEGMENT_BYTES);
  wal.append(undefined, entriesFrom(1, 13));
  // No file with records in it keeps a name under which etcd expects zeros.
  const names = fileSystem.readDirectory("data/wal");
  assert.deepEqual(names.filter((name) => name.endsWith(".tmp")), [
    "0000000000000001-000000000000000e.wal.tmp",
  ]);
  await wal.sync();
  assert.equal(fileSystem.stat("data/wal/1.tmp")?.sizeBytes, SEGMENT_BYTES);
  await wal.close();
  assert.deepEqual(fileSystem.readDirectory("data/wal"), segmentNames(fileSystem));
});

Deno.test("Wal.sync() covers what was appended before the call, cuts included", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  wal.append(state(1, 0), entriesFrom(1, 13));
  wal.append(state(1, 0), entriesFrom(14, 30));
  const synced = wal.sync();
  wal.append(state(1, 0), entriesFrom(44, 30));
  const syncedToo = wal.sync();
  await synced;
  const lost = fileSystem.afterCrash(newPrng(1), "lost");
  assert.ok(readWal(lost, "data/wal", BEGINNING).entries.length >= 43);
  await syncedToo;
  const lostLater = fileSystem.afterCrash(newPrng(1), "lost");
  assert.equal(readWal(lostLater, "data/wal", BEGINNING).entries.length, 73);
  await wal.close();
});

Deno.test("Wal.syncNow() does the same at once", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  wal.append(state(1, 0), entriesFrom(1, 13));
  wal.append(state(1, 0), entriesFrom(14, 30));
  wal.syncNow();
  const lost = fileSystem.afterCrash(newPrng(1), "lost");
  assert.equal(readWal(lost, "data/wal", BEGINNING).entries.length, 43);
  wal.append(state(1, 0), entriesFrom(44, 1));
  wal.syncNow();
  assert.equal(segmentNames(fileSystem).length, 3);
  await wal.close();
});

Deno.test("Wal.append() makes one write of a batch, and Wal.sync() one sync", async () => {
  const fileSystem = newMemoryDisk();
  const written: number[] = [];
  let syncCount = 0;
  const observer = {
    written: (sizeBytes: number) => void written.push(sizeBytes),
    synced: () => void syncCount++,
  };
  const wal = createWal({ ...walOptions(fileSystem), observer }, METADATA);
  wal.append(state(1, 0), entriesFrom(1, 3));
  await wal.sync();
  const operationCount = fileSystem.hardware.operationCount;
  wal.append(state(1, 3), entriesFrom(4, 500));
  assert.equal(fileSystem.hardware.operationCount, operationCount + 1);
  await wal.sync();
  assert.equal(fileSystem.hardware.operationCount, operationCount + 2);
  assert.equal(written.length, 2);
  assert.ok(written[1] > 500 * 300);
  assert.equal(syncCount, 2);
  await wal.close();
});

Deno.test("Wal with unsafeNoSync never syncs once it is open", async () => {
  const fileSystem = newMemoryDisk();
  const wal = createWal({ ...walOptions(fileSystem, SEGMENT_BYTES), unsafeNoSync: true }, METADATA);
  fileSystem.hardware.inject({ operation: "sync", after: 0, code: "EIO" });
  wal.append(state(1, 0), entriesFrom(1, 40));
  await wal.sync();
  wal.syncNow();
  await wal.close();
  assert.equal(readWal(fileSystem, "data/wal", BEGINNING).entries.length, 40);
});

for (const operation of ["write", "sync", "rename", "truncate"] as const) {
  Deno.test(`Wal fails for ever after a failed ${operation}`, async () => {
    const fileSystem = newMemoryDisk();
    const wal = newWal(fileSystem);
    const code = operation === "write" ? "ENOSPC" : "EIO";
    fileSystem.hardware.inject({ operation, after: 0, code });
    const failure = await caught(async () => {
      wal.append(state(1, 0), entriesFrom(1, 20));
      await wal.sync();
    });
    assert.equal(failure.code, code);
    assert.equal(wal.failure, failure);
    assert.equal(await caught(() => wal.append(state(1, 0), [])), failure);
    assert.equal(await caught(() => wal.sync()), failure);
    assert.equal(await caught(() => wal.syncNow()), failure);
    assert.equal(await caught(() => wal.saveSnapshot(Snapshot.create())), failure);
    assert.equal(await caught(() => void wal.purge(1)), failure);
    await wal.close();
  });
}

async function caught(run: () => unknown): Promise<Error & { code?: string }> {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  assert.fail("nothing was thrown");
}

Deno.test("Wal fails a waiting sync() when the one before it fails", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  wal.append(state(1, 0), entriesFrom(1, 1));
  fileSystem.hardware.inject({ operation: "sync", after: 0, code: "EIO" });
  const results = await Promise.allSettled([wal.sync(), wal.sync(), wal.sync()]);
  assert.deepEqual(results.map((result) => result.status), ["rejected", "rejected", "rejected"]);
  await wal.close();
});

Deno.test("Wal.saveSnapshot() is safe when it is done and moves the log's end", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  wal.append(state(1, 2), entriesFrom(1, 3));
  await wal.saveSnapshot({ index: 2, term: 1, confState: undefined });
  await wal.saveSnapshot({ index: 90, term: 4, confState: undefined });
  assert.equal(wal.lastIndex, 90);
  wal.append(state(4, 90), entriesFrom(91, 2, 4));
  await wal.sync();
  const lost = fileSystem.afterCrash(newPrng(1), "lost");
  const snapshots = readWalSnapshots(lost, "data/wal");
  assert.deepEqual(snapshots.map(({ index, term }) => [index, term]), [[0, 0], [2, 1], [90, 4]]);
  const { entries } = readWal(lost, "data/wal", { index: 90, term: 4 });
  assert.deepEqual(entries.map((entry) => entry.index), [91, 92]);
  await wal.close();
});

Deno.test("Wal.purge() removes released segments beyond a number, oldest first", async () => {
  const fileSystem = newMemoryDisk();
  const wal = newWal(fileSystem);
  for (let i = 0; i < 8; i++) {
    wal.append(state(1, 0), entriesFrom(1 + 13 * i, 13));
    await wal.sync();
  }
  assert.equal(segmentNames(fileSystem).length, 9);
  assert.equal(wal.purge(5).length, 0);
  // Segment 2 starts with entry 27, so segment 1 is the last that can hold 26.
  wal.releaseTo(26);
  assert.deepEqual(wal.purge(8).map((segment) => segment.sequence), [0]);
  assert.equal(wal.purge(1).length, 0);
  wal.releaseTo(1000);
  assert.deepEqual(wal.purge(5).map((segment) => segment.sequence), [1, 2, 3]);
  assert.deepEqual(wal.purge(0).map((segment) => segment.sequence), [4, 5, 6, 7]);
  assert.deepEqual(segmentNames(fileSystem), ["0000000000000008-0000000000000069.wal"]);
  wal.releaseTo(1);
  wal.append(state(1, 0), entriesFrom(105, 13));
  await wal.close();
});

Deno.test("createWal() makes a log whole or not at all, with its first entries", () => {
  const fileSystem = newMemoryDisk();
  const options = walOptions(fileSystem);
  createWal(options, METADATA, { hardState: state(1, 1), entries: [newEntry(1, 1)] });
  assert.throws(() => createWal(options, METADATA), { code: DiskErrorCode.CONFLICT });
  const operationCount = fileSystem.hardware.operationCount;
  for (let crashAt = 3; crashAt <= operationCount + 1; crashAt++) {
    for (const mode of ["lost", "kept", "torn"] as const) {
      const disk = newMemoryDisk();
      disk.hardware.crashAtOperation(crashAt);
      try {
        createWal(walOptions(disk), METADATA, {
          hardState: state(1, 1),
          entries: [newEntry(1, 1)],
        });
      } catch {
        // The crash.
      }
      const after = disk.afterCrash(newPrng(crashAt), mode);
      if (after.stat("data/wal") === undefined) {
        assert.ok(crashAt <= operationCount, "a finished log is there");
        createWal(walOptions(after), METADATA);
      } else {
        assert.equal(readWal(after, "data/wal", BEGINNING).hardState.commit, 1);
      }
    }
  }
});

Deno.test("createWal() replaces leftovers, but nobody's files", () => {
  const fileSystem = newMemoryDisk();
  fileSystem.makeDirectory("data/wal");
  fileSystem.open("data/wal/0.tmp", "create").close();
  fileSystem.open("data/wal/thesis.txt", "create").close();
  assert.throws(
    () => createWal(walOptions(fileSystem), METADATA),
    /data.wal: thesis\.txt is there already\. Choose a directory that is empty/,
  );
  assert.deepEqual(fileSystem.readDirectory("data/wal"), ["0.tmp", "thesis.txt"]);
  fileSystem.remove("data/wal/thesis.txt");
  createWal(walOptions(fileSystem), METADATA);
  assert.deepEqual(fileSystem.readDirectory("data/wal"), segmentNames(fileSystem));
});
