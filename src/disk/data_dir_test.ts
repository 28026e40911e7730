import assert from "node:assert/strict";
import { join } from "node:path";
import { bytesFromText, textFromBytes } from "../base/bytes.ts";
import { DataDir } from "./data_dir.ts";
import { DenoFileSystem } from "./deno_file_system.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import type { FileLock, FileSystem } from "./file_system.ts";
import { MemoryFileSystem } from "./memory_file_system.ts";
import { writeFile } from "./testing/files.ts";
import { METADATA, newPrng, reopenWal, walOptions } from "./testing/wal_fixtures.ts";
import { createWal } from "./wal_opening.ts";

const OPTIONS = { dataDir: "/srv/etcd/data", holder: "process 4711" };

function refusal(run: () => unknown): DiskError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof DiskError);
    return error;
  }
  assert.fail("nothing was thrown");
}

Deno.test("DataDir.open() makes etcd's layout, which survives a loss of power", () => {
  const fileSystem = new MemoryFileSystem();
  const directory = DataDir.open(fileSystem, OPTIONS);
  assert.equal(directory.walPath, join("/srv/etcd/data/member/wal"));
  assert.equal(directory.dbPath, join("/srv/etcd/data/member/snap/db"));
  assert.equal(directory.hasWal(), false);
  assert.deepEqual(directory.warnings, []);
  const after = fileSystem.afterCrash(newPrng(1), "lost");
  assert.equal(after.stat(directory.snapPath)?.isDirectory, true);
  const wal = { ...walOptions(fileSystem), directory: directory.walPath };
  createWal(wal, METADATA);
  assert.equal(directory.hasWal(), true);
  directory.close();
  const again = DataDir.open(fileSystem, OPTIONS);
  assert.equal(again.hasWal(), true);
  again.close();
});

Deno.test("DataDir.open() puts the log where --wal-dir says", () => {
  const fileSystem = new MemoryFileSystem();
  const directory = DataDir.open(fileSystem, { ...OPTIONS, walDir: "/fast/etcd/wal/" });
  assert.equal(directory.walPath, join("/fast/etcd/wal"));
  createWal({ ...walOptions(fileSystem), directory: directory.walPath }, METADATA);
  assert.equal(directory.hasWal(), true);
  assert.deepEqual(fileSystem.readDirectory("/srv/etcd/data/member"), ["detcd.holder", "snap"]);
  reopenWal({ ...walOptions(fileSystem), directory: directory.walPath });
  directory.close();
});

Deno.test("DataDir.open() refuses a second server and names the directory and the first", () => {
  const fileSystem = new MemoryFileSystem();
  const first = DataDir.open(fileSystem, OPTIONS);
  const error = refusal(() => DataDir.open(fileSystem, { ...OPTIONS, holder: "process 2" }));
  assert.equal(error.code, DiskErrorCode.LOCKED);
  assert.equal(
    error.message,
    "Cannot use the data directory /srv/etcd/data: another server is running on it " +
      "(the last detcd here was process 4711). Stop that server or choose another --data-dir",
  );
  first.close();
  DataDir.open(fileSystem, OPTIONS).close();
});

Deno.test("DataDir.open() does not touch a locked directory", () => {
  const fileSystem = new MemoryFileSystem();
  const first = DataDir.open(fileSystem, OPTIONS);
  fileSystem.makeDirectory(`${first.walPath}.tmp`);
  refusal(() => DataDir.open(fileSystem, OPTIONS));
  assert.notEqual(fileSystem.stat(`${first.walPath}.tmp`), undefined);
  first.close();
});

Deno.test("DataDir.open() removes what was left unfinished, and nothing else", () => {
  const fileSystem = new MemoryFileSystem();
  DataDir.open(fileSystem, OPTIONS).close();
  const member = "/srv/etcd/data/member";
  fileSystem.makeDirectory(`${member}/wal.tmp`);
  fileSystem.open(`${member}/wal.tmp/x.wal`, "create").close();
  const kept = ["0000000000000001-0000000000000002.snap", "0000000000000005.snap.db", "db"];
  for (const name of [...kept, "tmp123", "db.tmp.99"]) {
    fileSystem.open(`${member}/snap/${name}`, "create").close();
  }
  DataDir.open(fileSystem, OPTIONS).close();
  assert.equal(fileSystem.stat(`${member}/wal.tmp`), undefined);
  assert.deepEqual(fileSystem.readDirectory(`${member}/snap`), kept);
});

/** What a defragmentation leaves beside the B-tree file. */
function writeCopy(fileSystem: FileSystem, directory: DataDir, content: string): string {
  const path = join(directory.snapPath, "db.tmp.1");
  const file = fileSystem.open(path, "createNew");
  const bytes = bytesFromText(content);
  file.writeAt(bytes, 0, bytes.length, 0);
  file.dataSyncNow();
  file.close();
  return path;
}

function contentOf(fileSystem: FileSystem, path: string): string {
  const file = fileSystem.open(path, "read");
  const bytes = new Uint8Array(file.size());
  file.readAt(bytes, 0, bytes.length, 0);
  file.close();
  return textFromBytes(bytes);
}

Deno.test("DataDir.replaceDb() puts a file in the place of db, which survives a loss of power", async () => {
  const fileSystem = new MemoryFileSystem();
  const directory = DataDir.open(fileSystem, OPTIONS);
  await directory.replaceDb(writeCopy(fileSystem, directory, "new"));
  const after = fileSystem.afterCrash(newPrng(1), "lost");
  assert.equal(contentOf(after, directory.dbPath), "new");
  assert.deepEqual(after.readDirectory(directory.snapPath), ["db"]);
  await directory.replaceDb(writeCopy(fileSystem, directory, "newer"));
  assert.equal(contentOf(fileSystem, directory.dbPath), "newer");
  assert.equal(refusal(() => DataDir.open(fileSystem, OPTIONS)).code, DiskErrorCode.LOCKED);
  directory.close();
  DataDir.open(fileSystem, OPTIONS).close();
});

Deno.test("DataDir.replaceDb() never leaves the directory without a lock", async () => {
  const syncs: (() => void)[] = [];
  const fileSystem = new MemoryFileSystem({ completeSync: (complete) => syncs.push(complete) });
  let intruder: FileLock | undefined;
  let attempts = 0;
  // Another server may come whenever this one calls the file system, before and behind.
  const watched = new Proxy(fileSystem, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        intrude();
        const result: unknown = Reflect.apply(member, target, args);
        intrude();
        return result;
      };
    },
  });
  let isOpen = false;
  const intrude = (): void => {
    if (!isOpen) return;
    attempts++;
    intruder ??= fileSystem.tryLock("/srv/etcd/data/member/snap/db");
  };
  const directory = DataDir.open(watched, OPTIONS);
  const copy = writeCopy(fileSystem, directory, "new");
  isOpen = true;
  const replacing = directory.replaceDb(copy);
  syncs.pop()?.();
  await replacing;
  isOpen = false;
  assert.ok(attempts >= 8, "it was looked at all the way");
  assert.equal(intruder, undefined);
  directory.close();
});

Deno.test("DataDir.replaceDb() keeps what it has if the disk refuses", async () => {
  const fileSystem = new MemoryFileSystem();
  const directory = DataDir.open(fileSystem, OPTIONS);
  const copy = writeCopy(fileSystem, directory, "new");
  fileSystem.hardware.inject({ operation: "rename", after: 0, code: "EIO" });
  await assert.rejects(directory.replaceDb(copy), { code: "EIO" });
  assert.equal(contentOf(fileSystem, directory.dbPath), "");
  assert.equal(refusal(() => DataDir.open(fileSystem, OPTIONS)).code, DiskErrorCode.LOCKED);
  const lock = fileSystem.tryLock(copy);
  assert.ok(lock !== undefined, "the copy is not locked any more");
  await assert.rejects(directory.replaceDb(copy), { code: DiskErrorCode.LOCKED });
  lock.release();
  directory.close();
});

Deno.test("DataDir.replaceDb() holds a lock that other programs see", async () => {
  if (Deno.build.os === "windows") return;
  const root = Deno.makeTempDirSync({ prefix: "detcd-data-" });
  try {
    const fileSystem = new DenoFileSystem();
    const options = { dataDir: join(root, "data"), holder: "process 1" };
    const directory = DataDir.open(fileSystem, options);
    for (const content of ["first", "second"]) {
      const before = join(root, `before ${content}`);
      Deno.linkSync(directory.dbPath, before);
      assert.equal(fileSystem.tryLock(before), undefined);
      await directory.replaceDb(writeCopy(fileSystem, directory, content));
      const lock = fileSystem.tryLock(before);
      assert.ok(lock !== undefined, "nothing is held that has no name any more");
      lock.release();
      assert.equal(contentOf(fileSystem, directory.dbPath), content);
      assert.throws(() => DataDir.open(fileSystem, options), { code: DiskErrorCode.LOCKED });
    }
    directory.close();
    DataDir.open(fileSystem, options).close();
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("DataDir.open() refuses a proxy's directory and a file", () => {
  const fileSystem = new MemoryFileSystem();
  DataDir.open(fileSystem, OPTIONS).close();
  fileSystem.makeDirectory("/srv/etcd/data/proxy");
  assert.match(refusal(() => DataDir.open(fileSystem, OPTIONS)).message, /belongs to .* proxy/);
  writeFile(fileSystem, "/srv/file", bytesFromText("x"));
  const error = refusal(() => DataDir.open(fileSystem, { ...OPTIONS, dataDir: "/srv/file" }));
  assert.match(error.message, /\/srv\/file.*: it is a file\. Choose another --data-dir/);
});

Deno.test("DataDir.open() names the directory it cannot write to", () => {
  const fileSystem = new MemoryFileSystem();
  DataDir.open(fileSystem, OPTIONS).close();
  fileSystem.hardware.inject({ operation: "create", after: 0, code: "EACCES" });
  const error = refusal(() => DataDir.open(fileSystem, OPTIONS));
  assert.equal(error.code, "EACCES");
  assert.match(error.message, /^Cannot write to the directory \/srv\/etcd\/data: .*permission/);
});

Deno.test("DataDir.open() warns of directories that others may read", () => {
  if (Deno.build.os === "windows") return;
  const root = Deno.makeTempDirSync({ prefix: "detcd-data-" });
  try {
    const fileSystem = new DenoFileSystem();
    const dataDir = join(root, "data");
    const first = DataDir.open(fileSystem, { dataDir, holder: "process 1" });
    assert.deepEqual(first.warnings, []);
    assert.throws(() => DataDir.open(fileSystem, { dataDir, holder: "process 2" }), {
      code: DiskErrorCode.LOCKED,
    });
    first.close();
    Deno.chmodSync(dataDir, 0o755);
    const second = DataDir.open(fileSystem, { dataDir, holder: "process 1" });
    assert.equal(second.warnings.length, 1);
    assert.match(second.warnings[0], /data has permissions 755; 700 would/);
    second.close();
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
