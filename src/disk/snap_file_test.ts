import assert from "node:assert/strict";
import { bytesFromText } from "../base/bytes.ts";
import { ConfState, Snapshot, SnapshotMetadata } from "../pb/raftpb.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import {
  listSnapFiles,
  readSnapFile,
  setSnapFileAside,
  snapFileName,
  writeSnapFile,
} from "./snap_file.ts";
import { newMemoryDisk, newPrng, readFile, writeFile } from "./wal_fixtures.ts";

const SNAPSHOT = Snapshot.create({
  data: bytesFromText("{}"),
  metadata: SnapshotMetadata.create({
    confState: ConfState.create({ voters: [0xfedc_ba98_7654_3210n] }),
    index: 0x1234,
    term: 2,
  }),
});
const NAME = "0000000000000002-0000000000001234.snap";

Deno.test("writeSnapFile() writes what readSnapFile() reads, safe on return", () => {
  const fileSystem = newMemoryDisk();
  writeSnapFile(fileSystem, "data", SNAPSHOT);
  const after = fileSystem.afterCrash(newPrng(1), "lost");
  assert.deepEqual(after.readDirectory("data"), [NAME]);
  assert.equal(snapFileName(2, 0x1234), NAME);
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

Deno.test("readSnapFile() refuses what is damaged at any bit or cut at any byte", () => {
  const fileSystem = newMemoryDisk();
  writeSnapFile(fileSystem, "data", SNAPSHOT);
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
