import assert from "node:assert/strict";
import { bytesFromLatin1, bytesFromText } from "../../../base/bytes.ts";
import { systemClock } from "../../../base/clock.ts";
import { REVISION_KEY_BYTES, writeRevisionKey } from "../../../core/mvcc/revision_key.ts";
import { Bucket, encodeUint64, MetaKey } from "../../../disk/backend/schema.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import type { WriteTransaction } from "../../../disk/btree/write_transaction.ts";
import type { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import { writeSnapFile } from "../../../disk/snap_file.ts";
import { readFile } from "../../../disk/testing/files.ts";
import { RecordEncoder } from "../../../disk/wal_record.ts";
import { openWal } from "../../../disk/wal_opening.ts";
import { WalReplay } from "../../../disk/wal_replay.ts";
import { ConfState } from "../../../pb/raftpb.ts";
import { yieldTurn } from "../database.ts";
import { utl, type UtlResult } from "../testing/captured_utl_io.ts";
import {
  fileSystemWith,
  flipBit,
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

const SEGMENT = "0000000000000000-0000000000000000.wal";

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

function revisionBytes(main: number): Uint8Array {
  const bytes = new Uint8Array(REVISION_KEY_BYTES);
  writeRevisionKey(bytes, 0, main, 0, false);
  return bytes;
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
    const disk = fileSystemWith(SEGMENT, flipBit(wal, bit));
    const { exitCode, out } = await check(disk, SEGMENT);
    if (exitCode !== 1) silent.push(`${bit >>> 3}.${bit & 7} ${out}`);
  }
  assert.deepEqual(silent, []);
});

Deno.test("check names the record at the head of a segment that is not what it must be", async () => {
  const fileSystem = await memberDisk();
  const metadataType = 16 + 8 + 1;
  writeFile(fileSystem, WAL, flipBit(readFile(fileSystem, WAL), metadataType * 8));
  const { out } = await check(fileSystem, WAL);
  assert(out.startsWith(`${WAL}: byte 16: the file's second record is not the metadata\n`), out);
});

/** A log of one segment with any records, in order or not. */
function logOf(fill: (encoder: RecordEncoder) => void): MemoryFileSystem {
  const encoder = new RecordEncoder(0);
  encoder.checksum();
  encoder.metadata(new Uint8Array(2));
  encoder.snapshot({ index: 0, term: 0, confState: undefined });
  fill(encoder);
  return fileSystemWith(SEGMENT, encoder.buffer.slice(0, encoder.sizeBytes));
}

Deno.test("check reads the records of a log as one story", async () => {
  const entry = (index: number, text?: string) => {
    return { type: 0, term: 1, index, data: text === undefined ? text : bytesFromText(text) };
  };
  const state = (term: number, commit: number) => ({ term, vote: 1n, commit });
  const cases: [what: RegExp, fill: (encoder: RecordEncoder) => void][] = [
    [/\.wal: byte \d+: entry 3 follows entry 1\n/, (encoder) => {
      encoder.entries([entry(1), entry(3)]);
    }],
    [/\.wal: byte \d+: term and commit went back from 2 and 1 to 1 and 1\n/, (encoder) => {
      encoder.entry(entry(1));
      encoder.hardState(state(2, 1));
      encoder.hardState(state(1, 1));
    }],
    [/\.wal: byte \d+: term and commit went back from 1 and 1 to 1 and 0\n/, (encoder) => {
      encoder.entry(entry(1));
      encoder.hardState(state(1, 1));
      encoder.hardState(state(1, 0));
    }],
    [/\.wal: byte \d+: entry 1 asks for nothing that etcd knows\n/, (encoder) => {
      encoder.entry(entry(1, "?"));
    }],
    [/entries up to 2 were committed, but the log ends at 1\n/, (encoder) => {
      encoder.entry(entry(1));
      encoder.hardState(state(1, 2));
    }],
    [/\.wal: byte \d+: the metadata differs from that of the segments before\n/, (encoder) => {
      encoder.metadata(new Uint8Array(3));
    }],
  ];
  for (const [what, fill] of cases) {
    const { exitCode, out } = await check(logOf(fill), SEGMENT);
    assert.equal(exitCode, 1, String(what));
    assert.match(out, what);
    assert.match(out, /: 1 thing is wrong\n$/);
  }
  // A leader's snapshot may be ahead of all entries, and entries may be replaced.
  const sound = logOf((encoder) => {
    encoder.entries([entry(1), entry(2), entry(2)]);
    encoder.snapshot({ index: 9, term: 1, confState: undefined });
    encoder.entry(entry(10));
    encoder.hardState(state(1, 10));
  });
  assert.equal((await check(sound, SEGMENT)).exitCode, 0);
});

Deno.test("check reads name and members of a .snap file", async () => {
  const fileSystem = await memberDisk();
  const bytes = readFile(fileSystem, SNAP);
  const other = "d/member/snap/0000000000000001-0000000000000002.snap";
  writeFile(fileSystem, other, bytes);
  const renamed = await check(fileSystem);
  assert.equal(renamed.exitCode, 1);
  assert(renamed.out.startsWith(`${other}: its content is that of 0000000000000001-`), renamed.out);
  fileSystem.remove(other);
  const metadata = { index: 1, term: 1, confState: ConfState.create() };
  await writeSnapFile(fileSystem, "d/member/snap", { data: bytesFromText("{}"), metadata });
  const { exitCode, out } = await check(fileSystem);
  assert.equal(exitCode, 1);
  assert(out.startsWith(`${SNAP}: Cannot read the membership in a Raft snapshot: `), out);
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
    [/the compaction of 9 is finished, but only 2 was wanted/, (write) => {
      putMeta(write, MetaKey.FINISHED_COMPACT_REVISION, revisionBytes(9));
    }],
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
  const fileSystem = await memberDisk();
  await changeDb(fileSystem, (write) => {
    putMeta(write, MetaKey.CONSISTENT_INDEX, encodeUint64(9n));
    putMeta(write, MetaKey.TERM, encodeUint64(4n));
  });
  const { exitCode, out } = await check(fileSystem);
  assert.equal(exitCode, 1);
  assert.deepEqual(out.split("\n"), [
    `${DB}: it has the effect of the log's entries up to 9, but the log in d/member/wal ends at 1`,
    `note: ${DB}: it has the term 4, but the log in d/member/wal ends in 1`,
    "checked d: 1 thing is wrong",
    "",
  ]);
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

Deno.test("check wants a log that goes on from where the B-tree file ends", async () => {
  const fileSystem = await memberDisk();
  await changeDb(fileSystem, (write) => {
    putMeta(write, MetaKey.CONSISTENT_INDEX, encodeUint64(6n));
  });
  fileSystem.remove(WAL);
  // The segment before is gone, and with it the record of the snapshot.
  const encoder = new RecordEncoder(0);
  encoder.segmentHead(new Uint8Array(2), { term: 1, vote: 1n, commit: 4 });
  for (const index of [5, 6, 7]) encoder.entry({ type: 0, term: 1, index, data: undefined });
  const bytes = encoder.buffer.slice(0, encoder.sizeBytes);
  writeFile(fileSystem, "d/member/wal/0000000000000001-0000000000000005.wal", bytes);
  const { exitCode, out } = await check(fileSystem);
  assert.equal(exitCode, 1);
  assert.match(
    out,
    /^d\/member\/wal: the log begins with entry 5, and it records no snapshot from/,
  );
  assert.match(out, /: 1 thing is wrong\n$/);
});

Deno.test("check does not count a snapshot that was never committed", async () => {
  const fileSystem = await memberDisk();
  fileSystem.remove(WAL);
  const encoder = new RecordEncoder(0);
  encoder.segmentHead(new Uint8Array(2), { term: 0, vote: 0n, commit: 0 });
  encoder.snapshot({ index: 0, term: 0, confState: undefined });
  encoder.entry({ type: 0, term: 1, index: 1, data: undefined });
  encoder.hardState({ term: 1, vote: 1n, commit: 1 });
  encoder.snapshot({ index: 5, term: 1, confState: undefined });
  writeFile(fileSystem, WAL, encoder.buffer.slice(0, encoder.sizeBytes));
  const { exitCode, out } = await check(fileSystem);
  assert.equal(exitCode, 0, out);
});

Deno.test("check tells what a loss of power may leave behind, without calling it wrong", async () => {
  const fileSystem = await memberDisk();
  writeFile(fileSystem, WAL, readFile(fileSystem, WAL).slice(0, WAL_BYTES - 20));
  const torn = await check(fileSystem, WAL);
  assert.equal(torn.exitCode, 0);
  assert.match(torn.out, /^note: \S+\.wal: byte \d+: the last record is not complete, as a loss/);
  const image = await sampleImage((write) => {
    putMeta(write, MetaKey.SCHEDULED_COMPACT_REVISION, revisionBytes(SAMPLE_REVISION));
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
