import assert from "node:assert/strict";
import { bytesFromText } from "../../../base/bytes.ts";
import { systemClock } from "../../../base/clock.ts";
import { Prng } from "../../../base/prng.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import { yieldTurn } from "../database.ts";
import { utl, type UtlResult } from "../testing/captured_utl_io.ts";
import { sampleImage, withWrongPage, writeFile } from "../testing/sample_files.ts";

const DB = "d/member/snap/db";

/** A member's directory with a file of which a large part is free. */
async function newDisk(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  for (const path of ["d", "d/member", "d/member/snap"]) fileSystem.makeDirectory(path);
  for (const path of [".", "d", "d/member"]) fileSystem.syncDirectoryNow(path);
  writeFile(fileSystem, DB, await sampleImage());
  fileSystem.syncDirectoryNow("d/member/snap");
  const key = bytesFromText("large");
  await change(fileSystem, (file) => file.put(key, new Uint8Array(50_000)));
  await change(fileSystem, (file) => file.delete(key));
  return fileSystem;
}

interface Pairs {
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

async function change(fileSystem: MemoryFileSystem, use: (pairs: Pairs) => void): Promise<void> {
  const file = await BTreeFile.open(fileSystem, DB, { clock: systemClock, yieldTurn });
  const write = file.beginWrite();
  use(write.createBucketIfMissing("other"));
  await write.commit();
  await file.close();
}

function defrag(fileSystem: MemoryFileSystem, args: readonly string[] = []): Promise<UtlResult> {
  return utl(["defrag", "--data-dir=d", ...args], fileSystem);
}

function sizeOf(fileSystem: MemoryFileSystem): number {
  return fileSystem.stat(DB)?.sizeBytes ?? 0;
}

async function statusOf(fileSystem: MemoryFileSystem): Promise<{ hash: number }> {
  return JSON.parse((await utl(["snapshot", "status", DB, "-w", "json"], fileSystem)).out);
}

Deno.test("defrag makes the file smaller and keeps what is in it", async () => {
  const fileSystem = await newDisk();
  const before = await statusOf(fileSystem);
  const sizeBefore = sizeOf(fileSystem);
  const { exitCode, out, err } = await defrag(fileSystem);
  assert.equal(exitCode, 0, err);
  assert.equal(out, "");
  assert.match(err, /\nd\/member\/snap\/db had \d+ kB and has \d+ kB now\n$/);
  assert(sizeOf(fileSystem) < sizeBefore - 50_000);
  assert.equal((await statusOf(fileSystem)).hash, before.hash);
  assert.deepEqual(fileSystem.readDirectory("d/member/snap"), ["db"]);
  // Nobody holds a lock any more.
  assert.notEqual(fileSystem.tryLock(DB), undefined);
});

Deno.test("defrag leaves the old file or the new one, wherever the power goes", async () => {
  const { hash } = await statusOf(await newDisk());
  for (let operation = 1;; operation++) {
    const disk = await newDisk();
    disk.hardware.crashAtOperation(disk.hardware.operationCount + operation);
    if ((await defrag(disk)).exitCode === 0) {
      assert(operation > 5);
      return;
    }
    for (const mode of ["lost", "kept", "torn"] as const) {
      const after = disk.afterCrash(new Prng(operation), mode);
      assert.equal((await statusOf(after)).hash, hash, `operation ${operation}, ${mode}`);
    }
  }
});

Deno.test("defrag keeps the file when the disk fails or the file is damaged", async () => {
  const full = await newDisk();
  const sizeBefore = sizeOf(full);
  full.hardware.inject({ operation: "write", after: 0, code: "ENOSPC" });
  const failed = await defrag(full);
  assert.equal(failed.exitCode, 1);
  assert.match(failed.err, /\nError: Failed to defragment etcd data\[d\] \(.*ENOSPC.*disk is full/);
  assert.equal(sizeOf(full), sizeBefore);
  assert.notEqual(full.tryLock(DB), undefined);
  assert.deepEqual(full.readDirectory("d/member/snap"), ["db"]);
  const damaged = await newDisk();
  writeFile(damaged, DB, withWrongPage(await sampleImage()).image);
  const refused = await defrag(damaged);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.err, /integrity check failed\. 1 errors found\./);
  assert.deepEqual(damaged.readDirectory("d/member/snap"), ["db"]);
});

Deno.test("defrag removes what an interrupted one has left", async () => {
  const fileSystem = await newDisk();
  writeFile(fileSystem, `${DB}.tmp.defrag`, new Uint8Array(1));
  assert.equal((await defrag(fileSystem)).exitCode, 0);
  assert.deepEqual(fileSystem.readDirectory("d/member/snap"), ["db"]);
});

Deno.test("defrag wants a file that nobody uses", async () => {
  const fileSystem = await newDisk();
  const lock = fileSystem.tryLock(DB);
  const { exitCode, err } = await defrag(fileSystem, ["--timeout=1ms"]);
  assert.equal(exitCode, 1);
  assert.match(
    err,
    /^Error: Failed to defragment etcd data\[d\] \(Cannot lock d\/member\/snap\/db/,
  );
  lock?.release();
  const nowhere = await utl(["defrag", "--data-dir=none"], fileSystem);
  assert.equal(
    nowhere.err,
    "Error: Failed to defragment etcd data[none] (cannot open database at none/member/snap/db " +
      "(open none/member/snap/db: no such file or directory))\n",
  );
});
