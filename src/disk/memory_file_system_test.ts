import assert from "node:assert/strict";
import { DiskError } from "./disk_error.ts";
import type { DiskFile } from "./file_system.ts";
import type { CrashMode } from "./memory_file_content.ts";
import { MemoryFileSystem } from "./memory_file_system.ts";
import { SimulatedCrash } from "./simulated_hardware.ts";
import { readFile } from "./testing/files.ts";
import { newPrng } from "./testing/wal_fixtures.ts";

const SECTOR = 512;

function fill(file: DiskFile, value: number, sizeBytes: number, position: number): void {
  file.writeAt(new Uint8Array(sizeBytes).fill(value), 0, sizeBytes, position);
}

/** A file of four sectors of ones, synced with its name. */
function syncedFile(fileSystem: MemoryFileSystem): DiskFile {
  const file = fileSystem.open("file", "create");
  fill(file, 1, 4 * SECTOR, 0);
  file.dataSyncNow();
  fileSystem.syncDirectoryNow("/");
  return file;
}

/** The first byte of each sector after a crash. */
function sectorsAfter(fileSystem: MemoryFileSystem, mode: CrashMode, seed = 1): number[] {
  const bytes = readFile(fileSystem.afterCrash(newPrng(seed), mode), "file");
  const sectors: number[] = [];
  for (let i = 0; i < bytes.length; i += SECTOR) {
    // No sector is ever half old and half new.
    assert.ok(bytes.subarray(i, i + SECTOR).every((byte) => byte === bytes[i]));
    sectors.push(bytes[i]);
  }
  return sectors;
}

Deno.test("MemoryFileSystem.afterCrash() keeps what was synced in every mode", () => {
  const fileSystem = new MemoryFileSystem();
  syncedFile(fileSystem);
  for (const mode of ["lost", "kept", "torn"] as const) {
    assert.deepEqual(sectorsAfter(fileSystem, mode), [1, 1, 1, 1]);
  }
});

Deno.test("MemoryFileSystem.afterCrash() loses, keeps or tears unsynced writes by sector", () => {
  const fileSystem = new MemoryFileSystem();
  const file = syncedFile(fileSystem);
  fill(file, 2, 2 * SECTOR, SECTOR);
  fill(file, 3, SECTOR, 2 * SECTOR);
  assert.deepEqual(sectorsAfter(fileSystem, "lost"), [1, 1, 1, 1]);
  assert.deepEqual(sectorsAfter(fileSystem, "kept"), [1, 2, 3, 1]);
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed++) seen.add(`${sectorsAfter(fileSystem, "torn", seed)}`);
  assert.deepEqual(
    [...seen].sort(),
    ["1,1,1,1", "1,1,2,1", "1,1,3,1", "1,2,1,1", "1,2,2,1", "1,2,3,1"],
  );
});

Deno.test("MemoryFileSystem.afterCrash() may lose unsynced sizes", () => {
  const fileSystem = new MemoryFileSystem();
  const file = syncedFile(fileSystem);
  file.truncate(SECTOR);
  file.truncate(3 * SECTOR);
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed++) seen.add(`${sectorsAfter(fileSystem, "torn", seed)}`);
  assert.ok(seen.has("1,1,1,1") && seen.has("1") && seen.has("1,0,0") && seen.has("1,1,0"));
  file.dataSyncNow();
  assert.deepEqual(sectorsAfter(fileSystem, "lost"), [1, 0, 0]);
});

Deno.test("MemoryFileSystem.dataSync() covers what was written before the call only", async () => {
  const waiting: (() => void)[] = [];
  const fileSystem = new MemoryFileSystem({ completeSync: (complete) => waiting.push(complete) });
  const file = syncedFile(fileSystem);
  fill(file, 2, SECTOR, 0);
  const synced = file.dataSync();
  fill(file, 3, SECTOR, 0);
  fill(file, 3, SECTOR, SECTOR);
  assert.deepEqual(sectorsAfter(fileSystem, "lost"), [1, 1, 1, 1]);
  waiting[0]();
  await synced;
  assert.deepEqual(sectorsAfter(fileSystem, "lost"), [2, 1, 1, 1]);
  assert.deepEqual(sectorsAfter(fileSystem, "kept"), [3, 3, 1, 1]);
});

Deno.test("MemoryFileSystem.afterCrash() forgets names that were not synced", () => {
  const fileSystem = new MemoryFileSystem();
  fileSystem.makeDirectory("d");
  fileSystem.syncDirectoryNow("/");
  fileSystem.open("d/a", "create").close();
  fileSystem.syncDirectoryNow("d");
  fileSystem.rename("d/a", "d/b");
  fileSystem.open("d/c", "create").close();
  fileSystem.rename("d/c", "d/e");
  const namesAfter = (mode: CrashMode, seed: number): string => {
    return fileSystem.afterCrash(newPrng(seed), mode).readDirectory("d").join();
  };
  assert.equal(namesAfter("lost", 1), "a");
  assert.equal(namesAfter("kept", 1), "b,e");
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed++) seen.add(namesAfter("torn", seed));
  // The rename of c never survives without its creation, and no rename does half of its work.
  assert.deepEqual([...seen].sort(), ["a", "a,c", "a,e", "b", "b,c", "b,e"]);
});

Deno.test("MemoryFileSystem.afterCrash() loses a synced directory with its unsynced parent", () => {
  const fileSystem = new MemoryFileSystem();
  fileSystem.makeDirectory("d");
  fileSystem.open("d/a", "create").close();
  fileSystem.syncDirectoryNow("d");
  assert.deepEqual(fileSystem.afterCrash(newPrng(1), "lost").readDirectory("/"), []);
});

Deno.test("SimulatedHardware.crashAtOperation() stops everything in the middle of a call", async () => {
  const fileSystem = new MemoryFileSystem();
  const file = syncedFile(fileSystem);
  fileSystem.hardware.crashAtOperation(fileSystem.hardware.operationCount + 2);
  fill(file, 2, SECTOR, 0);
  assert.throws(() => fill(file, 3, 4 * SECTOR, 0), SimulatedCrash);
  assert.throws(() => file.size(), SimulatedCrash);
  assert.throws(() => fileSystem.readDirectory("/"), SimulatedCrash);
  await assert.rejects(async () => await file.dataSync(), SimulatedCrash);
  assert.deepEqual(sectorsAfter(fileSystem, "kept"), [3, 3, 1, 1]);
  assert.deepEqual(sectorsAfter(fileSystem, "lost"), [1, 1, 1, 1]);
});

Deno.test("SimulatedHardware.inject() fails the n-th call once", async () => {
  const fileSystem = new MemoryFileSystem();
  const file = syncedFile(fileSystem);
  fileSystem.hardware.inject({ operation: "write", after: 1, code: "ENOSPC" });
  fileSystem.hardware.inject({ operation: "sync", after: 0, code: "EIO" });
  fileSystem.hardware.inject({ operation: "read", after: 0, code: "EIO" });
  fill(file, 2, SECTOR, 0);
  assert.throws(() => fill(file, 3, 2 * SECTOR, 0), { code: "ENOSPC", operation: "write" });
  await assert.rejects(() => file.dataSync(), { code: "EIO", operation: "sync" });
  assert.throws(() => file.readAt(new Uint8Array(1), 0, 1, 0), DiskError);
  assert.equal(file.readAt(new Uint8Array(1), 0, 1, 0), 1);
  // A full disk has taken a part of the write, and nothing of it is safe.
  assert.deepEqual(sectorsAfter(fileSystem, "kept"), [3, 1, 1, 1]);
  await file.dataSync();
  assert.deepEqual(sectorsAfter(fileSystem, "lost"), [3, 1, 1, 1]);
});
