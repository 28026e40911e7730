import assert from "node:assert/strict";
import { bytesFromLatin1, bytesFromText } from "../../../base/bytes.ts";
import { systemClock } from "../../../base/clock.ts";
import { Bucket, encodeUint64, MetaKey } from "../../../disk/backend/schema.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import type { WriteTransaction } from "../../../disk/btree/write_transaction.ts";
import type { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import { openWal } from "../../../disk/wal_opening.ts";
import { WalReplay } from "../../../disk/wal_replay.ts";
import { yieldTurn } from "../database.ts";
import { utl, type UtlResult } from "../testing/captured_utl_io.ts";
import {
  fileSystemWith,
  flipBit,
  readFile,
  SAMPLE_PAGE_BYTES,
  SAMPLE_REVISION,
  sampleImage,
  withBackupHash,
  withWrongPage,
  writeFile,
} from "../testing/sample_files.ts";

const WAL = "d/member/wal/0000000000000000-0000000000000000.wal";
const SNAP = "d/member/snap/0000000000000001-0000000000000001.snap";
const DB = "d/member/snap/db";

/** The records of the restored log, of which the rest is zeros. */
const WAL_BYTES = 288;

function check(fileSystem: MemoryFileSystem, path = "d"): Promise<UtlResult> {
  return utl(["check", path], fileSystem);
}

/** A member's directory, made of the sample. */
async function memberDisk(): Promise<MemoryFileSystem> {
  const fileSystem = fileSystemWith("b", withBackupHash(await sampleImage()));
  const args = ["snapshot", "restore", "b", "--data-dir=d"];
  assert.equal((await utl(args, fileSystem)).exitCode, 0);
  return fileSystem;
}

async function changeDb(
  fileSystem: MemoryFileSystem,
  change: (write: WriteTransaction) => void,
): Promise<void> {
  const file = await BTreeFile.open(fileSystem, DB, { clock: systemClock, yieldTurn });
  const write = file.beginWrite();
  change(write);
  await write.commit();
  await file.close();
}

function putMeta(write: WriteTransaction, key: string, value: Uint8Array): void {
  write.bucket(Bucket.META)?.put(bytesFromLatin1(key), value);
}

Deno.test("check finds nothing wrong with a member and with a backup", async () => {
  const fileSystem = await memberDisk();
  for (const path of ["d", "b", DB, SNAP, WAL, "d/member/wal"]) {
    const { exitCode, out, err } = await check(fileSystem, path);
    assert.equal(out, `checked ${path}: nothing is wrong\n`);
    assert.equal(exitCode, 0);
    assert.match(err, /^checking \S+\nchecking \S+: done in /);
  }
  const json = await utl(["check", "d", "-w", "json"], fileSystem);
  assert.equal(json.out, `{"path":"d","findings":[],"notes":[]}\n`);
});

Deno.test("check finds every bit of the log that has turned over", async () => {
  const fileSystem = await memberDisk();
  const wal = readFile(fileSystem, WAL).slice(0, WAL_BYTES + 8);
  assert(wal.subarray(WAL_BYTES).every((byte) => byte === 0));
  const silent: string[] = [];
  for (let bit = 0; bit < WAL_BYTES * 8; bit++) {
    // Gives the first checksum, which is 0, the number of a field that nobody knows: the same.
    if (bit === 85 || bit === 86) continue;
    const disk = fileSystemWith("0000000000000000-0000000000000000.wal", flipBit(wal, bit));
    const { exitCode, out } = await check(disk, "0000000000000000-0000000000000000.wal");
    if (exitCode !== 1) silent.push(`${bit >>> 3}.${bit & 7} ${out}`);
  }
  assert.deepEqual(silent, []);
});

Deno.test("check finds every bit of a .snap file that has turned over", async () => {
  const fileSystem = await memberDisk();
  const snap = readFile(fileSystem, SNAP);
  for (let bit = 0; bit < snap.length * 8; bit++) {
    // The checksum's varint has three bits that count for nothing.
    if (bit >= 44 && bit <= 46) continue;
    writeFile(fileSystem, SNAP, flipBit(snap, bit));
    const { exitCode, out } = await check(fileSystem, SNAP);
    assert.equal(exitCode, 1, `bit ${bit}`);
    assert(out.startsWith(`${SNAP}: `), out);
  }
});

Deno.test("check names file and byte of damage in the B-tree file", async () => {
  const image = await sampleImage();
  const { image: damaged, pageId } = withWrongPage(image);
  const place = `byte ${pageId * SAMPLE_PAGE_BYTES}: page ${pageId} says that it is page`;
  const copy = await check(fileSystemWith("b", damaged), "b");
  assert.equal(copy.exitCode, 1);
  assert(copy.out.startsWith(`b: ${place}`), copy.out);
  assert.match(copy.out, /\nchecked b: 1 thing is wrong\n$/);
  const hashed = withBackupHash(image);
  hashed.set(damaged);
  const backup = await utl(["check", "b", "-w", "json"], fileSystemWith("b", hashed));
  assert.equal(backup.exitCode, 1);
  const { findings } = JSON.parse(backup.out);
  assert.deepEqual(findings[0], {
    file: "b",
    offset: image.length,
    what: "the SHA-256 of all before is not the one that stands here",
  });
  assert.equal(findings[1].offset, pageId * SAMPLE_PAGE_BYTES);
});

Deno.test("check looks at the form of every pair", async () => {
  const text = bytesFromText;
  const cases: [what: RegExp, change: (write: WriteTransaction) => void][] = [
    [
      /byte \d+: the pair "x" in the bucket key cannot be used: its key is no revision/,
      (write) => write.bucket(Bucket.KEY)?.put(text("x"), text("y")),
    ],
    [
      /in the bucket key cannot be used: its value is no pair of that revision/,
      (write) => {
        const pairs = write.bucket(Bucket.KEY);
        const first = pairs?.firstFrom(new Uint8Array(1));
        if (first !== undefined) pairs?.put(first.key.slice(), first.value.slice(0, -1));
      },
    ],
    [
      /the pair "12345678" in the bucket members cannot be used/,
      (write) => write.bucket(Bucket.MEMBERS)?.put(text("12345678"), text("{")),
    ],
    [
      /the pair "consistent_index" in the bucket meta cannot be used: it has 3 bytes/,
      (write) => putMeta(write, MetaKey.CONSISTENT_INDEX, text("abc")),
    ],
    [
      /the bucket authUsers: /,
      (write) => write.bucket(Bucket.AUTH_USERS)?.put(text("x"), text("\x0a\x7f")),
    ],
    [/the bucket key is missing/, (write) => void write.deleteBucket(Bucket.KEY)],
  ];
  for (const [what, change] of cases) {
    const image = await sampleImage(change);
    const { exitCode, out } = await check(fileSystemWith("b", withBackupHash(image)), "b");
    assert.equal(exitCode, 1, String(what));
    assert.match(out, what);
  }
});

Deno.test("check goes on behind the first bad pair", async () => {
  const image = await sampleImage((write) => {
    const pairs = write.bucket(Bucket.KEY);
    let from = new Uint8Array(1);
    for (let i = 0; i < 3; i++) {
      const pair = pairs?.firstFrom(from);
      if (pair === undefined) return;
      const key = pair.key.slice();
      pairs?.put(key, pair.value.slice(0, -1));
      from = new Uint8Array([...key, 0]);
    }
  });
  const { out } = await check(fileSystemWith("b", image), "b");
  assert.match(out, /checked b: 3 things are wrong\n$/);
});

Deno.test("check compares log and B-tree file", async () => {
  const cases: [what: string, change: (write: WriteTransaction) => void][] = [
    [
      `${DB}: it has the effect of the log's entries up to 9, but the log in d/member/wal ends at 1`,
      (write) => putMeta(write, MetaKey.CONSISTENT_INDEX, encodeUint64(9n)),
    ],
    [
      `${DB}: it has the term 4, but the log in d/member/wal ends in 1`,
      (write) => putMeta(write, MetaKey.TERM, encodeUint64(4n)),
    ],
  ];
  for (const [what, change] of cases) {
    const fileSystem = await memberDisk();
    await changeDb(fileSystem, change);
    const { exitCode, out } = await check(fileSystem);
    assert.equal(exitCode, 1);
    assert(out.startsWith(`${what}\n`), out);
  }
});

Deno.test("check sees that the B-tree file is older than what the log still has", async () => {
  const fileSystem = await memberDisk();
  const replay = new WalReplay(fileSystem, "d/member/wal", { index: 1, term: 1 });
  while (replay.step());
  const options = { fileSystem, directory: "d/member/wal", clock: systemClock };
  const wal = openWal(options, replay);
  const entry = (index: number) => ({ type: 0, term: 1, index, data: undefined });
  wal.append({ term: 1, vote: 1n, commit: 3 }, [entry(2), entry(3)]);
  assert.equal((await check(fileSystem)).exitCode, 0);
  await wal.saveSnapshot({ index: 3, term: 1, confState: undefined });
  await wal.close();
  const { exitCode, out } = await check(fileSystem);
  assert.equal(exitCode, 1);
  assert.match(out, /^d\/member\/snap\/db: it has the effect of the log's entries up to 1, but/);
});

Deno.test("check tells what a loss of power may leave behind, without calling it wrong", async () => {
  const fileSystem = await memberDisk();
  writeFile(fileSystem, WAL, readFile(fileSystem, WAL).slice(0, WAL_BYTES - 20));
  const torn = await check(fileSystem, WAL);
  assert.equal(torn.exitCode, 0);
  assert.match(torn.out, /^note: \S+\.wal: byte \d+: the last record is not complete, as a loss/);
  const image = await sampleImage((write) => {
    const revision = new Uint8Array(17);
    new DataView(revision.buffer).setBigUint64(0, BigInt(SAMPLE_REVISION));
    revision[8] = 0x5f;
    putMeta(write, MetaKey.SCHEDULED_COMPACT_REVISION, revision);
  });
  const { exitCode, out } = await check(fileSystemWith("b", image), "b");
  assert.equal(exitCode, 0);
  assert.match(out, /^note: b: the compaction of 202 goes on when a server starts\n/);
});

Deno.test("check says what a directory lacks to be a member's", async () => {
  const fileSystem = await memberDisk();
  fileSystem.makeDirectory("e");
  const empty = await check(fileSystem, "e");
  assert.equal(empty.exitCode, 1);
  assert.match(
    empty.err,
    /^Error: e is not the data directory of a member: there is not e\/member/,
  );
  fileSystem.remove(WAL);
  const { exitCode, err } = await check(fileSystem);
  assert.equal(exitCode, 1);
  assert.match(err, /there is not any \.wal in d\/member\/wal\./);
});
