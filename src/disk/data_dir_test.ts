import assert from "node:assert/strict";
import { join } from "node:path";
import { bytesFromText } from "../base/bytes.ts";
import { DataDir } from "./data_dir.ts";
import { DenoFileSystem } from "./deno_file_system.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import { MemoryFileSystem } from "./memory_file_system.ts";
import { METADATA, newPrng, reopenWal, walOptions, writeFile } from "./wal_fixtures.ts";
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
