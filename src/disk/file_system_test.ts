import assert from "node:assert/strict";
import { DiskError } from "./disk_error.ts";
import { DenoFileSystem } from "./deno_file_system.ts";
import type { FileSystem } from "./file_system.ts";
import { MemoryFileSystem } from "./memory_file_system.ts";

/** Both file systems must do the same; the real one says what is right. */
const CASES: Readonly<Record<string, (fileSystem: FileSystem, root: string) => unknown>> = {
  "open() obeys its mode": (fileSystem, root) => {
    const path = `${root}/file`;
    assert.throws(() => fileSystem.open(path, "read"), withCode("ENOENT"));
    assert.throws(() => fileSystem.open(path, "write"), withCode("ENOENT"));
    fileSystem.open(path, "createNew").close();
    assert.throws(() => fileSystem.open(path, "createNew"), withCode("EEXIST"));
    const file = fileSystem.open(path, "create");
    file.writeAt(Uint8Array.of(1, 2), 0, 2, 0);
    file.close();
    fileSystem.open(path, "create").close();
    assert.equal(fileSystem.stat(path)?.sizeBytes, 2);
    const readOnly = fileSystem.open(path, "read");
    assert.throws(() => readOnly.writeAt(Uint8Array.of(1), 0, 1, 0), withCode("EBADF"));
    readOnly.close();
    assert.throws(() => fileSystem.open(`${root}/none/file`, "create"), withCode("ENOENT"));
  },

  "readAt() and writeAt() take slices and positions": (fileSystem, root) => {
    const file = fileSystem.open(`${root}/file`, "create");
    file.writeAt(Uint8Array.of(9, 1, 2, 3, 9), 1, 4, 5000);
    assert.equal(file.size(), 5003);
    const target = new Uint8Array(10).fill(7);
    assert.equal(file.readAt(target, 1, 7, 4998), 5);
    assert.deepEqual([...target], [7, 0, 0, 1, 2, 3, 7, 7, 7, 7]);
    assert.equal(file.readAt(target, 0, 10, 6000), 0);
    file.close();
  },

  "truncate() leaves zeros behind": (fileSystem, root) => {
    const file = fileSystem.open(`${root}/file`, "create");
    file.writeAt(new Uint8Array(10_000).fill(1), 0, 10_000, 0);
    file.truncate(777);
    file.truncate(9000);
    const target = new Uint8Array(10_000);
    assert.equal(file.readAt(target, 0, 10_000, 0), 9000);
    assert.equal(target.lastIndexOf(1), 776);
    file.close();
  },

  "rename() replaces a file and moves a directory": (fileSystem, root) => {
    fileSystem.makeDirectory(`${root}/a`);
    fileSystem.open(`${root}/a/one`, "create").close();
    const two = fileSystem.open(`${root}/a/two`, "create");
    two.writeAt(Uint8Array.of(2), 0, 1, 0);
    fileSystem.rename(`${root}/a/two`, `${root}/a/one`);
    fileSystem.rename(`${root}/a`, `${root}/b`);
    assert.equal(fileSystem.stat(`${root}/a`), undefined);
    assert.deepEqual(fileSystem.readDirectory(`${root}/b`), ["one"]);
    two.writeAt(Uint8Array.of(2), 0, 1, 1);
    two.close();
    assert.equal(fileSystem.stat(`${root}/b/one`)?.sizeBytes, 2);
    assert.throws(() => fileSystem.rename(`${root}/x`, `${root}/y`), withCode("ENOENT"));
  },

  "remove() takes files, removeTree() everything": (fileSystem, root) => {
    fileSystem.makeDirectory(`${root}/a`);
    fileSystem.makeDirectory(`${root}/a/b`);
    fileSystem.open(`${root}/a/b/file`, "create").close();
    assert.throws(() => fileSystem.remove(`${root}/a/none`), withCode("ENOENT"));
    fileSystem.removeTree(`${root}/a`);
    fileSystem.removeTree(`${root}/a`);
    assert.deepEqual(fileSystem.readDirectory(root), []);
  },

  "makeDirectory() makes one that only its owner may use": (fileSystem, root) => {
    fileSystem.makeDirectory(`${root}/b`);
    assert.deepEqual(fileSystem.stat(`${root}/b`)?.isDirectory, true);
    assert.throws(() => fileSystem.makeDirectory(`${root}/b`), withCode("EEXIST"));
    assert.throws(() => fileSystem.makeDirectory(`${root}/x/y`), withCode("ENOENT"));
    fileSystem.open(`${root}/a`, "create").close();
    assert.deepEqual(fileSystem.readDirectory(root), ["a", "b"]);
    if (Deno.build.os === "windows") return;
    assert.equal(fileSystem.stat(`${root}/b`)?.mode, 0o700);
    assert.equal(fileSystem.stat(`${root}/a`)?.mode, 0o600);
  },

  "the syncs work": async (fileSystem, root) => {
    const file = fileSystem.open(`${root}/file`, "create");
    file.writeAt(Uint8Array.of(1), 0, 1, 0);
    await file.dataSync();
    file.dataSyncNow();
    file.close();
    await fileSystem.syncDirectory(root);
    fileSystem.syncDirectoryNow(root);
    await assert.rejects(async () => await fileSystem.syncDirectory(`${root}/x`), DiskError);
  },

  "tryLock() gives the lock to one at a time": (fileSystem, root) => {
    const first = fileSystem.tryLock(`${root}/db`);
    assert.ok(first !== undefined);
    assert.equal(fileSystem.stat(`${root}/db`)?.sizeBytes, 0);
    assert.equal(fileSystem.tryLock(`${root}/db`), undefined);
    first.release();
    const second = fileSystem.tryLock(`${root}/db`);
    assert.ok(second !== undefined);
    second.release();
  },
};

function withCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof DiskError && error.code === code;
}

for (const [name, run] of Object.entries(CASES)) {
  Deno.test(`DenoFileSystem: ${name}`, async () => {
    const root = Deno.makeTempDirSync({ prefix: "detcd-disk-" });
    try {
      await run(new DenoFileSystem(), root);
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  });
  for (const tracksUnsynced of [true, false]) {
    const label = tracksUnsynced ? "" : " that tracks nothing";
    Deno.test(`MemoryFileSystem${label}: ${name}`, async () => {
      const fileSystem = new MemoryFileSystem({ tracksUnsynced });
      fileSystem.makeDirectory("/root");
      await run(fileSystem, "/root");
    });
  }
}
