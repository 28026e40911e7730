import assert from "node:assert/strict";
import { bytesFromText } from "../base/bytes.ts";
import { readFile, writeFile } from "./testing/files.ts";
import { ConfState, Snapshot, SnapshotMetadata } from "../pb/raftpb.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import {
  listSnapFiles,
  newestSnapFile,
  parseSnapFileName,
  purgeSnapFiles,
  readSnapFile,
  removeSnapDbsBefore,
  setSnapFileAside,
  snapFileName,
  type SnapPosition,
  writeSnapFile,
} from "./snap_file.ts";
import { MemoryFileSystem } from "./memory_file_system.ts";
import { newMemoryDisk, newPrng } from "./testing/wal_fixtures.ts";

const SNAPSHOT = Snapshot.create({
  data: bytesFromText("{}"),
  metadata: SnapshotMetadata.create({
    confState: ConfState.create({ voters: [0xfedc_ba98_7654_3210n] }),
    index: 0x1234,
    term: 2,
  }),
});
const NAME = "0000000000000002-0000000000001234.snap";

function snapshotAt(term: number, index: number): Snapshot {
  return Snapshot.create({
    data: bytesFromText(`${term}/${index}`),
    metadata: SnapshotMetadata.create({ index, term }),
  });
}

Deno.test("writeSnapFile() writes what readSnapFile() reads, safe once fulfilled", async () => {
  const fileSystem = newMemoryDisk();
  await writeSnapFile(fileSystem, "data", SNAPSHOT);
  const after = fileSystem.afterCrash(newPrng(1), "lost");
  assert.deepEqual(after.readDirectory("data"), [NAME]);
  assert.equal(snapFileName(2, 0x1234), NAME);
  assert.deepEqual(parseSnapFileName(NAME), { term: 2, index: 0x1234 });
  assert.deepEqual(readSnapFile(after, `data/${NAME}`), SNAPSHOT);
});

Deno.test("listSnapFiles() lists snapshots only, newest first", () => {
  const fileSystem = newMemoryDisk();
  const names = [snapFileName(1, 99), snapFileName(2, 5), snapFileName(2, 16)];
  for (const name of [...names, "db", "0000000000000005.snap.db", `${NAME}.broken`]) {
    writeFile(fileSystem, `data/${name}`, bytesFromText(name));
  }
  assert.deepEqual(listSnapFiles(fileSystem, "data"), names.reverse());
});

Deno.test("readSnapFile() refuses what is damaged at any bit or cut at any byte", async () => {
  const fileSystem = newMemoryDisk();
  await writeSnapFile(fileSystem, "data", SNAPSHOT);
  const path = `data/${NAME}`;
  const bytes = readFile(fileSystem, path);
  const refuses = (mutant: Uint8Array, what: string): void => {
    writeFile(fileSystem, path, mutant);
    assert.throws(() => readSnapFile(fileSystem, path), (error) => {
      return error instanceof DiskError && error.code === DiskErrorCode.CORRUPT;
    }, what);
  };
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const mutant = bytes.slice();
    mutant[bit >>> 3] ^= 1 << (bit & 7);
    // The checksum's last byte has bits beyond the 32nd, which do not count.
    if (bit >= 5 * 8 + 4 && bit < 5 * 8 + 7) continue;
    refuses(mutant, `bit ${bit}`);
  }
  for (let size = 0; size < bytes.length; size++) refuses(bytes.slice(0, size), `${size} bytes`);
});

Deno.test("setSnapFileAside() renames a broken file like etcd", () => {
  const fileSystem = newMemoryDisk();
  writeFile(fileSystem, `data/${NAME}`, bytesFromText("x"));
  setSnapFileAside(fileSystem, `data/${NAME}`);
  assert.deepEqual(fileSystem.readDirectory("data"), [`${NAME}.broken`]);
});

Deno.test("writeSnapFile() does not hold up the process while the disk works", async () => {
  const syncs: (() => void)[] = [];
  const fileSystem = new MemoryFileSystem({ completeSync: (complete) => syncs.push(complete) });
  fileSystem.makeDirectory("data");
  let isWritten = false;
  const writing = writeSnapFile(fileSystem, "data", SNAPSHOT).then(() => isWritten = true);
  for (let sync = 0; sync < 2; sync++) {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    assert.equal(isWritten, false);
    assert.equal(syncs.length, 1, "first the file, then the directory");
    syncs.pop()?.();
  }
  await writing;
});

Deno.test("writeSnapFile() throws what the disk says", async () => {
  const fileSystem = newMemoryDisk();
  fileSystem.hardware.inject({ operation: "sync", after: 0, code: "EIO" });
  await assert.rejects(writeSnapFile(fileSystem, "data", SNAPSHOT), { code: "EIO" });
});

Deno.test("newestSnapFile() takes the newest that the log knows and that can be read", async () => {
  const fileSystem = newMemoryDisk();
  const positions = [[1, 10], [1, 20], [2, 30], [2, 40], [3, 50]] as const;
  for (const [term, index] of positions) {
    await writeSnapFile(fileSystem, "data", snapshotAt(term, index));
  }
  writeFile(fileSystem, `data/${snapFileName(2, 40)}`, bytesFromText("x"));
  const broken: string[] = [];
  const newest = (known: readonly number[]): Snapshot | undefined =>
    newestSnapFile(
      fileSystem,
      "data",
      ({ term, index }: SnapPosition) => term < 3 && known.includes(index),
      ({ message }) => broken.push(message),
    );
  // That of term 3 was written without a record; the log's own snapshot of index 50 is another.
  assert.deepEqual(newest([10, 20, 30, 40, 50]), snapshotAt(2, 30));
  assert.equal(broken.length, 1);
  assert.match(
    broken[0],
    /^Cannot read the snapshot data\/0000000000000002-0000000000000028\.snap/,
  );
  assert.ok(fileSystem.readDirectory("data").includes(`${snapFileName(2, 40)}.broken`));
  assert.deepEqual(newest([10, 20, 40]), snapshotAt(1, 20));
  assert.equal(newest([]), undefined);
  assert.equal(broken.length, 1);
});

Deno.test("newestSnapFile() does not take a disk that cannot be read for a broken file", async () => {
  const fileSystem = newMemoryDisk();
  await writeSnapFile(fileSystem, "data", SNAPSHOT);
  fileSystem.hardware.inject({ operation: "read", after: 0, code: "EIO" });
  assert.throws(() => newestSnapFile(fileSystem, "data", () => true), { code: "EIO" });
  assert.deepEqual(fileSystem.readDirectory("data"), [NAME]);
});

Deno.test("purgeSnapFiles() keeps the newest, the one that is needed, and all else", () => {
  const fileSystem = newMemoryDisk();
  const others = ["0000000000000001.snap.db", "db", `${NAME}.broken`];
  const names = [[1, 10], [1, 20], [2, 5], [2, 30], [3, 31]].map(([term, index]) =>
    snapFileName(term, index)
  );
  for (const name of [...others, ...names]) {
    writeFile(fileSystem, `data/${name}`, bytesFromText(name));
  }
  purgeSnapFiles(fileSystem, "data", 0, 31);
  purgeSnapFiles(fileSystem, "data", 5, 31);
  assert.deepEqual(listSnapFiles(fileSystem, "data"), names.toReversed());
  purgeSnapFiles(fileSystem, "data", 2, 20);
  const kept = [names[4], names[3], names[1]];
  assert.deepEqual(listSnapFiles(fileSystem, "data"), kept);
  assert.deepEqual(fileSystem.readDirectory("data"), [...others, ...kept].sort());
});

Deno.test("removeSnapDbsBefore() leaves what a later snapshot came with", () => {
  const fileSystem = newMemoryDisk();
  const names = ["000000000000000f.snap.db", "0000000000000010.snap.db", "db", NAME];
  for (const name of names) writeFile(fileSystem, `data/${name}`, bytesFromText(name));
  removeSnapDbsBefore(fileSystem, "data", 0x10);
  assert.deepEqual(fileSystem.readDirectory("data"), names.slice(1).sort());
});
