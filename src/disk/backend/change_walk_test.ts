import assert from "node:assert/strict";
import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import { systemClock } from "../../base/clock.ts";
import { Prng } from "../../base/prng.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import { contentsOf, revisionKey } from "../btree/testing/btree_fixtures.ts";
import type { BTreeFile } from "../btree/btree_file.ts";
import { Page, writeUint64 } from "../btree/page.ts";
import type { FileSystem } from "../file_system.ts";
import {
  commitBatch,
  damageIn,
  newDisk,
  openFile,
  PATH,
  putPair,
  putTombstone,
  walkChanges,
  withRead,
} from "./testing/backend_fixtures.ts";
import { ChangeWalk } from "./change_walk.ts";
import { BACKEND_LIMITS } from "./limits.ts";
import { PairScan } from "./pair_scan.ts";
import { Bucket } from "./schema.ts";
import { readStoredState } from "./stored_state.ts";

/** Commits of changes in any order, so that leaves lie scattered; some values take several pages. */
async function fill(file: BTreeFile, prng: Prng, commits: number): Promise<void> {
  for (let commit = 0; commit < commits; commit++) {
    await commitBatch(file, (batch) => {
      for (let i = 0; i < 200; i++) {
        const main = prng.chance(0.7) ? commit * 1000 + i : prng.between(2, 2 ** 40);
        const size = prng.chance(0.02) ? prng.between(1000, 9000) : prng.between(0, 90);
        const key = `k${prng.between(0, 999)}`;
        const sub = prng.between(0, 3);
        if (prng.chance(0.1)) putTombstone(batch, main, key, sub + 4);
        else putPair(batch, main, { key, value: new Uint8Array(size).fill(main) }, sub);
        if (prng.chance(0.1)) batch.removeChange(commit * 1000 + prng.between(0, i), sub, false);
      }
      batch.setConsistentIndex(commit, 1);
    });
  }
}

Deno.test("PairScan finds in every bucket what a cursor finds, and ChangeWalk what that means", async () => {
  for (const seed of [1, 2, 3]) {
    const file = await openFile();
    await fill(file, new Prng(seed), seed * 6);
    const contents = contentsOf(file);
    await withRead(file, (read) => {
      for (const name of read.bucketNames()) {
        const scan = new PairScan(read, name);
        const found: [Uint8Array, Uint8Array][] = [];
        while (scan.next()) {
          found.push([
            scan.bytes.slice(scan.keyStart, scan.valueStart),
            scan.bytes.slice(scan.valueStart, scan.valueEnd),
          ]);
        }
        assert.equal(scan.next(), false);
        const expected = [...contents.get(name) ?? []]
          .map(([key, value]) => [bytesFromLatin1(key), bytesFromLatin1(value)]);
        assert.deepEqual(found, expected, `seed ${seed}`);
      }
      const walked = walkChanges(read);
      assert.ok(walked.length > 500 && walked.some(({ tombstone }) => tombstone));
      const meant = walked.map(({ main, sub, tombstone, bytes }) => {
        const kv = KeyValue.decode(bytes);
        assert.equal(kv.modRevision, tombstone ? 0 : main);
        return revisionKey(main, sub) + (tombstone ? "t" : "");
      });
      assert.deepEqual(meant, [...contents.get(Bucket.KEY)?.keys() ?? []]);
    });
    await file.close();
  }
});

Deno.test("PairScan reads a bucket that is missing, empty, or within another page", async () => {
  const file = await openFile();
  await withRead(file, (read) => assert.equal(new PairScan(read, Bucket.KEY).next(), false));
  await commitBatch(file, () => {});
  await withRead(file, (read) => assert.equal(new PairScan(read, Bucket.KEY).next(), false));
  await commitBatch(file, (batch) => putPair(batch, 2, { key: "a" }));
  const changes = await withRead(file, walkChanges);
  assert.deepEqual(changes.map(({ main, sub }) => [main, sub]), [[2, 0]]);
  await file.close();
});

Deno.test("PairScan reads long rows of neighbouring pages", async () => {
  const file = await openFile(newDisk(), { pageBytes: 4096 });
  const count = 3000;
  await commitBatch(file, (batch) => {
    for (let main = 2; main < count + 2; main++) {
      const size = main === 1700 ? 100_000 : 300;
      putPair(batch, main, { key: `k${main}`, value: new Uint8Array(size) });
    }
  });
  const mains = (await withRead(file, walkChanges)).map(({ main }) => main);
  assert.deepEqual(mains, Array.from({ length: count }, (_, i) => i + 2));
  await file.close();
});

/** The number of the page at the top of the bucket `key`, which must be a branch. */
async function topOf(file: BTreeFile): Promise<number> {
  return await withRead(file, (read) => {
    const root = read.tree.bucket(read, Bucket.KEY);
    assert.ok(root !== undefined && !read.page(root.pageId).isLeaf);
    return root.pageId;
  });
}

/** Has branch `id` lead to `childId` where element `index` is. */
function redirect(
  fileSystem: FileSystem,
  id: number,
  index: number,
  childId: (before: Page) => number,
): void {
  const disk = fileSystem.open(PATH, "write");
  const bytes = new Uint8Array(1024);
  disk.readAt(bytes, 0, bytes.length, id * 1024);
  writeUint64(new DataView(bytes.buffer), 16 + index * 16 + 8, childId(new Page(id, bytes)));
  disk.writeAt(bytes, 0, bytes.length, id * 1024);
  disk.close();
}

Deno.test("PairScan notices branches that lead to the wrong pages", async () => {
  const cases: readonly (readonly [number, number, (top: Page) => number, RegExp])[] = [
    // A way down that never ends, in a file of few pages and in one of many.
    [10, 0, ({ id }) => id, /a page is used twice/],
    [2000, 0, ({ id }) => id, /the tree is more than 64 levels deep/],
    [10, 1, (top) => top.childId(0), /page \d+ has keys that belong before it/],
    [10, 1, () => 1, /page \d+ leads to page 1\./],
    [10, 1, () => 4711, /page \d+ leads to page 4711/],
  ];
  for (const [count, index, childId, expected] of cases) {
    const fileSystem = newDisk();
    const made = await openFile(fileSystem);
    await commitBatch(made, (batch) => {
      for (let main = 2; main < count + 2; main++) {
        putPair(batch, main, { key: "k", value: new Uint8Array(300) });
      }
    });
    const top = await topOf(made);
    await made.close();
    redirect(fileSystem, top, index, childId);
    const file = await openFile(fileSystem, { readOnly: true });
    const error = await withRead(file, (read) => damageIn(() => walkChanges(read)));
    assert.match(error.message, expected);
    assert.equal(typeof error.offset, "number");
    await file.close();
  }
});

Deno.test("PairScan and readStoredState() refuse a bucket among the pairs", async () => {
  const fileSystem = newDisk();
  const made = await openFile(fileSystem);
  await commitBatch(made, (batch) => {
    batch.setConsistentIndex(4711, 1);
    putPair(batch, 2, { key: "k" });
  });
  await made.close();
  // The inline page of each bucket: its header, then the flags of its first element.
  const disk = fileSystem.open(PATH, "write");
  const whole = new Uint8Array(disk.size());
  disk.readAt(whole, 0, whole.length, 0);
  for (const name of [Bucket.KEY, Bucket.META]) {
    const found = latin1FromBytes(whole).lastIndexOf(name + "\0".repeat(8));
    const at = found + name.length + 16 + 16;
    assert.ok(found > 0);
    disk.writeAt(Uint8Array.of(1), 0, 1, at);
  }
  disk.close();
  const file = await openFile(fileSystem, { readOnly: true });
  await withRead(file, (read) => {
    const pattern = /in the bucket (key|meta) cannot be used: it is a bucket/;
    assert.match(damageIn(() => walkChanges(read)).message, pattern);
    assert.match(damageIn(() => readStoredState(read)).message, pattern);
  });
  await file.close();
});

Deno.test("ChangeWalk.step() returns in time, goes on where it was, and ends behind a revision", async () => {
  const file = await openFile();
  await fill(file, new Prng(4), 8);
  await withRead(file, (read) => {
    const whole = walkChanges(read).map(({ main, sub }) => `${main}/${sub}`);
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs++ };
    const seen: string[] = [];
    let steps = 0;
    const walk = new ChangeWalk(read, clock);
    let before = 0;
    while (walk.step((main, sub) => void seen.push(`${main}/${sub}`))) {
      steps++;
      assert.ok(walk.visitedBytes > before);
      before = walk.visitedBytes;
    }
    assert.deepEqual(seen, whole);
    const { pairsPerClockCheck, turnMs } = BACKEND_LIMITS;
    assert.ok(steps >= Math.floor(whole.length / pairsPerClockCheck / turnMs));

    const some: number[] = [];
    const part = new ChangeWalk(read, clock, 3005);
    while (part.step((main) => void some.push(main)));
    assert.equal(some.at(-1), 3005);
    assert.equal(some.length, whole.findIndex((text) => Number(text.split("/")[0]) > 3005));
  });
  await file.close();
});

Deno.test("ChangeWalk.step() looks at the clock after a large value", async () => {
  const file = await openFile();
  await commitBatch(file, (batch) => {
    for (let main = 2; main < 8; main++) {
      putPair(batch, main, { key: "k", value: new Uint8Array(BACKEND_LIMITS.bytesPerClockCheck) });
    }
  });
  await withRead(file, (read) => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs += BACKEND_LIMITS.turnMs };
    const walk = new ChangeWalk(read, clock);
    let count = 0;
    for (let step = 1; step <= 6; step++) {
      assert.equal(walk.step(() => count++), true);
      assert.equal(count, step);
    }
    assert.equal(walk.step(() => count++), false);
  });
  await file.close();
});

Deno.test("ChangeWalk refuses keys that are no revisions and a revision that is there twice", async () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ["x", /0x|"x" in the bucket key .*its key is no revision/],
    [revisionKey(7, 0).replace("_", "-"), /its key is no revision/],
    ["\xff" + revisionKey(7, 0).slice(1), /its key is no revision/],
    [revisionKey(7, 0) + "u", /its key is no revision/],
    [revisionKey(7, 1) + "t", /the revision is there twice/],
  ];
  for (const [key, expected] of bad) {
    const file = await openFile();
    await commitBatch(file, (batch) => putPair(batch, 7, { key: "a" }, 1));
    const write = file.beginWrite();
    write.createBucketIfMissing(Bucket.KEY).put(bytesFromLatin1(key), bytesFromLatin1("v"));
    await write.commit();
    const error = await withRead(file, (read) => damageIn(() => walkChanges(read)));
    assert.match(error.message, expected);
    await file.close();
  }
});

Deno.test("ChangeWalk finds the damage or the same changes, whatever bits of the file flip", async () => {
  const prng = new Prng(5);
  const fileSystem = newDisk();
  const file = await openFile(fileSystem);
  await fill(file, prng, 3);
  const whole = await withRead(file, walkChanges);
  await file.close();
  let damaged = 0;
  let changed = 0;
  for (let round = 0; round < 300; round++) {
    const restore = flipBit(fileSystem, prng);
    const found = await walkedOrDamage(fileSystem);
    if (found === undefined) damaged++;
    else if (found.length !== whole.length) changed++;
    restore();
  }
  // Most bits are in values and in free pages, which only HashKV would notice.
  assert.ok(damaged > 10, `${damaged} times damage was found`);
  assert.ok(changed < damaged);
});

function flipBit(fileSystem: ReturnType<typeof newDisk>, prng: Prng): () => void {
  const file = fileSystem.open(PATH, "write");
  // Headers and elements of pages are where damage shows.
  const page = prng.between(2, file.size() / 1024 - 1) * 1024;
  const at = page + prng.between(0, prng.chance(0.5) ? 40 : 1023);
  const before = new Uint8Array(1);
  file.readAt(before, 0, 1, at);
  file.writeAt(before.map((byte) => byte ^ (1 << prng.between(0, 7))), 0, 1, at);
  return () => {
    file.writeAt(before, 0, 1, at);
    file.close();
  };
}

/** Undefined if damage was found. */
async function walkedOrDamage(
  fileSystem: ReturnType<typeof newDisk>,
): Promise<ReturnType<typeof walkChanges> | undefined> {
  const file = await openFile(fileSystem, { readOnly: true });
  try {
    return await withRead(file, walkChanges);
  } catch (error) {
    damageIn(() => {
      throw error;
    });
    return undefined;
  } finally {
    await file.close();
  }
}
