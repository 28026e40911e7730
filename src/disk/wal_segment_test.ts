import assert from "node:assert/strict";
import { DiskError } from "./disk_error.ts";
import { newMemoryDisk } from "./testing/wal_fixtures.ts";
import {
  haveWal,
  listWalSegments,
  newWalSegment,
  parseWalSegment,
  selectWalSegments,
} from "./wal_segment.ts";

function diskWith(...names: string[]) {
  const fileSystem = newMemoryDisk();
  fileSystem.makeDirectory("data/wal");
  for (const name of names) fileSystem.open(`data/wal/${name}`, "create").close();
  return fileSystem;
}

const SEGMENTS = [newWalSegment(4, 100), newWalSegment(5, 200), newWalSegment(6, 300)];
const NAMES = SEGMENTS.map((segment) => segment.name);

Deno.test("newWalSegment() names a segment like etcd, and parseWalSegment() reads the name", () => {
  const segment = newWalSegment(1, 0xac);
  assert.equal(segment.name, "0000000000000001-00000000000000ac.wal");
  assert.deepEqual(parseWalSegment(segment.name), segment);
  for (
    const name of [
      "0.tmp",
      "0000000000000001-00000000000000ac.wal.broken",
      "0000000000000001-00000000000000ac.wal.tmp",
      "0000000000000001-00000000000000AC.wal",
      "ffffffffffffffff-0000000000000000.wal",
      "1-2.wal",
    ]
  ) {
    assert.equal(parseWalSegment(name), undefined, name);
  }
});

Deno.test("haveWal() looks for names that end like a segment's", () => {
  assert.equal(haveWal(newMemoryDisk(), "data/wal"), false);
  assert.equal(haveWal(diskWith("0.tmp", "x.wal.broken"), "data/wal"), false);
  assert.equal(haveWal(diskWith(...NAMES), "data/wal"), true);
});

Deno.test("listWalSegments() leaves out what does not join the rest", () => {
  const other = newWalSegment(2, 50).name;
  const fileSystem = diskWith(...NAMES, other, "0.tmp", "notes.txt");
  assert.deepEqual(listWalSegments(fileSystem, "data/wal"), SEGMENTS);
  assert.throws(() => listWalSegments(diskWith(), "data/wal"), DiskError);
});

Deno.test("selectWalSegments() starts with the last segment that may hold the index", () => {
  const fileSystem = diskWith(...NAMES);
  const namesFrom = (index: number): string[] => {
    return selectWalSegments(fileSystem, "data/wal", index).map((segment) => segment.name);
  };
  assert.deepEqual(namesFrom(100), NAMES);
  assert.deepEqual(namesFrom(199), NAMES);
  assert.deepEqual(namesFrom(200), NAMES.slice(1));
  assert.deepEqual(namesFrom(5000), NAMES.slice(2));
  assert.throws(() => namesFrom(99), /entries from index 100 on are needed/);
});
