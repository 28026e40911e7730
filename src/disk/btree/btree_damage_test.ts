import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { DiskError, DiskErrorCode } from "../disk_error.ts";
import type { MemoryFileSystem } from "../memory_file_system.ts";
import { readFile, writeFile } from "../testing/files.ts";
import { newMemoryDisk } from "../testing/wal_fixtures.ts";
import type { BTreeFile } from "./btree_file.ts";
import {
  applyToModel,
  applyToTransaction,
  checkFile,
  commit,
  contentsOf,
  type Model,
  openSmall,
  PATH,
  RandomWorkload,
  sameContents,
  SMALL,
} from "./testing/btree_fixtures.ts";
import { compactCopy } from "./compact_copy.ts";
import { META_PAGE_BYTES } from "./meta.ts";

const PAGE_BYTES = 1024;

/** A file with the states that its two meta pages lead to. */
interface Sample {
  readonly bytes: Uint8Array;
  readonly transactionId: number;
  readonly newest: Model;
  readonly before: Model;
}

async function newSample(seed: number): Promise<Sample> {
  const prng = new Prng(seed);
  const disk = newMemoryDisk({ tracksUnsynced: false });
  const file = await openSmall(disk);
  const workload = new RandomWorkload(prng, 3000);
  let newest: Model = new Map();
  let before = newest;
  for (let i = 0; i < 10; i++) {
    const operations = workload.transaction(newest, 60);
    before = newest;
    newest = applyToModel(newest, operations);
    await commit(file, operations);
  }
  const { transactionId } = file;
  await file.close();
  return { bytes: readFile(disk, PATH), transactionId, newest, before };
}

function diskWith(bytes: Uint8Array): MemoryFileSystem {
  const disk = newMemoryDisk({ tracksUnsynced: false });
  writeFile(disk, PATH, bytes);
  return disk;
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >>> 3] ^= 1 << (bit & 7);
  return flipped;
}

Deno.test("BTreeFile.open() never takes a meta page with a flipped bit", async () => {
  const sample = await newSample(1);
  const newestPage = sample.transactionId % 2;
  for (const pageId of [0, 1]) {
    for (let bit = 0; bit < META_PAGE_BYTES * 8; bit++) {
      const file = await openSmall(diskWith(flip(sample.bytes, pageId * PAGE_BYTES * 8 + bit)));
      // The header before the meta says nothing that anybody needs.
      const isMeta = bit >= 16 * 8;
      const expected = isMeta && pageId === newestPage ? sample.before : sample.newest;
      assert.ok(sameContents(contentsOf(file), expected), `page ${pageId}, bit ${bit}`);
      assert.equal(file.warning !== undefined, isMeta);
      await file.close();
    }
  }
});

Deno.test("BTreeFile.open() refuses a file without a meta page that it can use", async () => {
  const { bytes } = await newSample(2);
  const both = flip(flip(bytes, 30 * 8), (PAGE_BYTES + 30) * 8);
  const foreign = bytesFromLatin1("this is no database".repeat(1000));
  for (const broken of [both, foreign, foreign.subarray(0, 5), new Uint8Array(50_000)]) {
    await assert.rejects(openSmall(diskWith(broken)), (error) => {
      assert.ok(error instanceof DiskError);
      assert.equal(error.code, DiskErrorCode.CORRUPT);
      assert.match(error.message, /^Cannot read the B-tree file data\/db at byte 0: neither/);
      return true;
    });
  }
});

Deno.test("BTreeFile.open() refuses a file that is cut off, and takes one that is too long", async () => {
  const sample = await newSample(3);
  for (let size = 2 * PAGE_BYTES; size < sample.bytes.length; size += 700) {
    const disk = diskWith(sample.bytes.subarray(0, size));
    await assert.rejects(openSmall(disk), { name: "DiskError", code: "CORRUPT", offset: size });
  }
  const long = new Uint8Array(sample.bytes.length + 3333);
  long.fill(7).set(sample.bytes);
  const file = await openSmall(diskWith(long));
  await checkFile(file, sample.newest, "with bytes behind its end");
  await file.close();
});

/** What may come of a damaged file is a DiskError; anything else is a defect. */
async function tolerateDamage<T>(run: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof DiskError && error.code === DiskErrorCode.CORRUPT) return undefined;
    throw error;
  }
}

/** Reads all of it in every way; returns whether that went well. */
async function readEverything(file: BTreeFile): Promise<boolean> {
  const read = file.beginRead();
  const isWhole = await tolerateDamage(() => {
    for (const name of read.bucketNames()) {
      const bucket = read.bucket(name);
      const cursor = bucket?.cursor();
      if (cursor === undefined) continue;
      for (let found = cursor.last(); found; found = cursor.previous()) {
        if (!cursor.isBucket) bucket?.get(cursor.key);
        cursor.value;
      }
      for (let found = cursor.first(); found; found = cursor.next()) cursor.key;
    }
    return true;
  });
  const disk = newMemoryDisk({ tracksUnsynced: false });
  const { clock, yieldTurn } = SMALL;
  await tolerateDamage(() => compactCopy(read, { fileSystem: disk, path: PATH, clock, yieldTurn }));
  read.close();
  return isWhole === true;
}

async function useDamaged(bytes: Uint8Array, prng: Prng): Promise<"refused" | "found" | "unseen"> {
  const reader = await openSmall(diskWith(bytes), { readOnly: true });
  const isWhole = await readEverything(reader);
  const findings = await reader.check();
  if (findings.length === 0) assert.ok(isWhole, "what the check finds sound can be read");
  await reader.close();

  const file = await tolerateDamage(() => openSmall(diskWith(bytes)));
  if (file === undefined) return "refused";
  const seen = (await file.check()).length > 0 ? "found" : "unseen";
  const workload = new RandomWorkload(prng, 3000);
  await tolerateDamage(async () => {
    for (let i = 0; i < 3; i++) {
      const write = file.beginWrite();
      try {
        applyToTransaction(write, workload.transaction(contentsOf(file), 60));
      } catch (error) {
        write.rollback();
        throw error;
      }
      await write.commit();
    }
  });
  await file.close();
  return seen;
}

Deno.test("BTreeFile takes flipped bits in pages for damage, or for other contents", async () => {
  const outcomes = { refused: 0, found: 0, unseen: 0 };
  for (let sampleSeed = 10; sampleSeed < 14; sampleSeed++) {
    const { bytes } = await newSample(sampleSeed);
    for (let i = 0; i < 400; i++) {
      const prng = new Prng(sampleSeed * 1000 + i);
      const page = prng.between(2, bytes.length / PAGE_BYTES - 1);
      // Most of what can go wrong is near the start of a page.
      const end = prng.chance(0.7) ? 150 : PAGE_BYTES;
      const bit = (page * PAGE_BYTES + prng.between(0, end - 1)) * 8 + prng.between(0, 7);
      try {
        outcomes[await useDamaged(flip(bytes, bit), prng)]++;
      } catch (error) {
        throw new Error(`sample ${sampleSeed}, bit ${bit}`, { cause: error });
      }
    }
  }
  assert.ok(outcomes.refused > 100 && outcomes.found > 100, JSON.stringify(outcomes));
});

/** The file after a few commits, on a disk on which something is going to fail. */
async function openOnFaultyDisk(
  seed: number,
): Promise<{ disk: MemoryFileSystem; file: BTreeFile; model: Model; next: RandomWorkload }> {
  const disk = newMemoryDisk();
  const file = await openSmall(disk);
  const next = new RandomWorkload(new Prng(seed), 3000);
  let model: Model = new Map();
  for (let i = 0; i < 4; i++) {
    const operations = next.transaction(model, 60);
    model = applyToModel(model, operations);
    await commit(file, operations);
  }
  return { disk, file, model, next };
}

for (const operation of ["write", "sync"] as const) {
  for (const code of ["ENOSPC", "EIO"]) {
    Deno.test(`WriteTransaction.commit() fails for good when a ${operation} gets ${code}`, async () => {
      let failureCount = 0;
      for (let seed = 0; seed < 30; seed++) {
        for (let after = 0; after < 5; after++) {
          const { disk, file, model, next } = await openOnFaultyDisk(seed);
          disk.hardware.inject({ operation, after, code });
          const operations = next.transaction(model, 60);
          const nextModel = applyToModel(model, operations);
          const failure = await commit(file, operations).then(() => undefined, (error) => error);
          if (failure === undefined) continue;
          failureCount++;
          assert.equal(failure.code, code);
          assert.equal(file.failure, failure);
          const isSame = (error: unknown): boolean => error === failure;
          assert.throws(() => file.beginRead(), isSame);
          assert.throws(() => file.beginWrite(), isSame);
          await assert.rejects(file.check(), isSame);
          await file.close();

          for (const mode of ["lost", "kept", "torn"] as const) {
            const again = await openSmall(disk.afterCrash(new Prng(seed), mode));
            const found = contentsOf(again);
            const expected = sameContents(found, model) ? model : nextModel;
            await checkFile(again, expected, `seed ${seed}, ${mode}`);
            await again.close();
          }
        }
      }
      assert.ok(failureCount > 50, `${failureCount} failures`);
    });
  }
}

Deno.test("BTreeFile passes on a failed read, and reads again when asked again", async () => {
  let failureCount = 0;
  for (let seed = 0; seed < 20; seed++) {
    const { disk, file, model } = await openOnFaultyDisk(seed);
    await file.close();
    for (let after = 0; after < 12; after++) {
      disk.hardware.inject({ operation: "read", after, code: "EIO" });
      try {
        const again = await openSmall(disk, { cacheBytes: 3000 });
        try {
          await checkFile(again, model, "with a failed read");
        } catch (error) {
          assert.ok(error instanceof DiskError && error.code === "EIO");
          failureCount++;
        }
        await checkFile(again, model, "after a failed read");
        await again.close();
      } catch (error) {
        assert.ok(error instanceof DiskError && error.code === "EIO", String(error));
        failureCount++;
      }
    }
  }
  assert.ok(failureCount > 100, `${failureCount} failures`);
});
