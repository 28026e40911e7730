import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { DenoFileSystem } from "../deno_file_system.ts";
import { readFile, writeFile } from "../testing/files.ts";
import { newMemoryDisk } from "../testing/wal_fixtures.ts";
import { BTreeFile } from "./btree_file.ts";
import {
  applyToModel,
  checkFile,
  commit,
  contentsOf,
  type Model,
  openSmall,
  type Operation,
  PATH,
  putRevisions,
  RandomWorkload,
  readAll,
  revisionKey,
  sameContents,
  SMALL,
} from "./testing/btree_fixtures.ts";
import { writeBucketHeader } from "./bucket_root.ts";
import { BulkTree, BulkWriter } from "./bulk_writer.ts";
import { compactCopy } from "./compact_copy.ts";
import { BranchItem, DirtyBranch, DirtyLeaf, LeafItem } from "./dirty_node.ts";
import { decodeMeta } from "./meta.ts";
import { newFileImage } from "./new_file.ts";

const PAGE_BYTES = 1024;

Deno.test("BTreeFile.open() makes a file that is missing, and one that is empty, as bbolt does", async () => {
  const disk = newMemoryDisk();
  for (const empty of [undefined, new Uint8Array(0)]) {
    if (empty !== undefined) writeFile(disk, PATH, empty);
    const file = await openSmall(disk);
    assert.deepEqual(
      [file.sizeBytes, file.freeBytes, file.warning, file.transactionId],
      [4 * PAGE_BYTES, 0, undefined, 1],
    );
    await checkFile(file, new Map(), "new");
    await file.close();
    assert.deepEqual(readFile(disk, PATH), newFileImage(PAGE_BYTES));
  }
});

Deno.test("BTreeFile.open() only reads what it is told only to read", async () => {
  const disk = newMemoryDisk();
  await assert.rejects(openSmall(disk, { readOnly: true }), { name: "DiskError", code: "ENOENT" });
  writeFile(disk, PATH, new Uint8Array(0));
  await assert.rejects(openSmall(disk, { readOnly: true }), { code: "CORRUPT" });
  const writer = await openSmall(disk);
  await commit(writer, putRevisions(1, 100));
  await writer.close();
  const before = disk.hardware.operationCount;
  const reader = await openSmall(disk, { readOnly: true });
  assert.equal(contentsOf(reader).get("key")?.size, 100);
  assert.deepEqual(await reader.check(), []);
  assert.throws(() => reader.beginWrite(), { name: "AssertionError" });
  await reader.close();
  assert.equal(disk.hardware.operationCount, before);
});

Deno.test("BTreeFile.check() and close() wait for a commit that is under way", async () => {
  const file = await openSmall(newMemoryDisk());
  await commit(file, putRevisions(1, 50));
  const committing = commit(file, putRevisions(30, 200));
  assert.deepEqual(await file.check(), []);
  await committing;
  const last = commit(file, putRevisions(100, 200));
  await file.close();
  await last;
});

Deno.test("BTreeFile tells misuse from damage", async () => {
  const file = await openSmall(newMemoryDisk());
  const misuse = { name: "AssertionError" };
  const write = file.beginWrite();
  const bucket = write.createBucketIfMissing("key");
  assert.throws(() => file.beginWrite(), misuse);
  await assert.rejects(file.close(), misuse);
  await write.commit();
  assert.throws(() => bucket.get(new Uint8Array(1)), misuse);
  assert.throws(() => write.bucket("key"), misuse);
  assert.throws(() => write.rollback(), misuse);
  const read = file.beginRead();
  const reading = read.bucket("key");
  await assert.rejects(file.close(), misuse);
  read.close();
  read.close();
  assert.throws(() => read.bucketNames(), misuse);
  assert.throws(() => read.readImage(new Uint8Array(1), 0, 1, 0), misuse);
  assert.deepEqual(reading?.get(new Uint8Array(1)), undefined);
  await file.close();
  await file.close();
  assert.throws(() => file.beginRead(), misuse);
});

Deno.test("BTreeFile keeps values of all sizes, on overflow pages where they need them", async () => {
  const file = await openSmall(newMemoryDisk());
  const sizes = [0, 1, 250, 900, 990, 991, 992, 1008, 1009, 1010, 2000, 5000, 300_000];
  const putsOf = (inOrder: readonly number[]): Operation[] =>
    inOrder.map((size, i) => {
      return { kind: "put", bucket: "key", key: revisionKey(i, 0), value: "v".repeat(size) };
    });
  const puts = putsOf(sizes);
  const model = applyToModel(new Map(), puts);
  await commit(file, puts);
  await checkFile(file, model, "put");
  const again = putsOf(sizes.toReversed());
  await commit(file, again);
  await checkFile(file, applyToModel(model, again), "put again");
  await file.close();
});

Deno.test("BTreeFile fills pages that grow at their end, and unites pages that empty", async () => {
  const file = await openSmall(newMemoryDisk());
  let pairBytes = 0;
  for (let i = 0; i < 20; i++) {
    const operations = putRevisions(1 + i * 200, 200);
    pairBytes += operations.length * (16 + 17 + 100);
    await commit(file, operations);
  }
  const usedFull = file.sizeBytes - file.freeBytes;
  assert.ok(usedFull < pairBytes * 1.25, `${usedFull} bytes for ${pairBytes}`);

  // Nine of ten pairs go, as in a compaction.
  const keys = [...contentsOf(file).get("key")?.keys() ?? []];
  const removed = keys.filter((_, i) => i % 10 !== 0)
    .map((key): Operation => ({ kind: "delete", bucket: "key", key }));
  for (let i = 0; i < removed.length; i += 300) await commit(file, removed.slice(i, i + 300));
  const usedSparse = file.sizeBytes - file.freeBytes;
  assert.ok(usedSparse < usedFull * 0.25, `${usedSparse} bytes after ${usedFull}`);
  assert.deepEqual(await file.check(), []);

  // What is left of a bucket gets back into its value, so that there is nothing but metas and a root.
  const rest = [...contentsOf(file).get("key")?.keys() ?? []];
  await commit(file, rest.slice(1).map((key) => ({ kind: "delete", bucket: "key", key })));
  for (let i = 0; i < 2; i++) await commit(file, [{ kind: "createBucket", bucket: `other${i}` }]);
  const waitingBytes = PAGE_BYTES;
  assert.equal(file.sizeBytes - file.freeBytes, 3 * PAGE_BYTES + waitingBytes);
  assert.deepEqual([...contentsOf(file).get("key")?.keys() ?? []], rest.slice(0, 1));
  assert.deepEqual(await file.check(), []);
  await file.close();
});

Deno.test("BTreeFile puts a bucket back into its value when one small leaf of it is left", async () => {
  const file = await openSmall(newMemoryDisk());
  await commit(file, putRevisions(0, 60));
  const deletes = Array.from({ length: 59 }, (_, i): Operation => {
    return { kind: "delete", bucket: "key", key: revisionKey(i + 1, 0) };
  });
  // The first leaf, of seven pairs, keeps one; the second transaction does not touch it.
  await commit(file, deletes.slice(0, 6));
  await commit(file, deletes.slice(6));
  const read = file.beginRead();
  assert.equal(read.tree.bucket(read, "key")?.pageId, 0);
  read.close();
  assert.deepEqual([...contentsOf(file).get("key")?.keys() ?? []], [revisionKey(0, 0)]);
  assert.deepEqual(await file.check(), []);
  await file.close();
});

Deno.test("BTreeFile splits a branch that its children's new first keys make too large", async () => {
  const file = await openSmall(newMemoryDisk());
  const shortKeys = Array.from({ length: 300 }, (_, i) => `${i}`.padStart(4, "0"));
  const value = "v".repeat(400);
  const puts = shortKeys.flatMap((key): Operation[] => [
    { kind: "put", bucket: "key", key, value },
    { kind: "put", bucket: "key", key: key + "x".repeat(150), value },
  ]);
  await commit(file, puts);
  const deletes = shortKeys.map((key): Operation => ({ kind: "delete", bucket: "key", key }));
  await commit(file, deletes);
  await checkFile(file, applyToModel(applyToModel(new Map(), puts), deletes), "deleted");
  const read = file.beginRead();
  const root = read.tree.bucket(read, "key");
  assert.ok(root !== undefined);
  const level = [read.page(root.pageId)];
  for (let page = level.pop(); page !== undefined; page = level.pop()) {
    assert.equal(page.span, 1);
    for (let i = 0; i < page.count && !page.isLeaf; i++) level.push(read.page(page.childId(i)));
  }
  read.close();
  await file.close();
});

/** A tree with a leaf right below the top, beside a branch, which bbolt's rules do not forbid. */
class LopsidedTree extends BulkTree {
  readonly #writer: BulkWriter;

  constructor(writer: BulkWriter) {
    super(writer);
    this.#writer = writer;
  }

  override finishBucket(): Uint8Array {
    const child = (first: number): BranchItem => {
      const leaf = new DirtyLeaf([newItem(first), newItem(first + 1)]);
      return new BranchItem(leaf.items[0], this.#writer.writeNode(leaf), undefined);
    };
    const branch = new DirtyBranch([child(0), child(10)]);
    const branchItem = new BranchItem(branch.items[0], this.#writer.writeNode(branch), undefined);
    const top = new DirtyBranch([branchItem, child(20)]);
    const value = new Uint8Array(16);
    writeBucketHeader(new DataView(value.buffer), 0, this.#writer.writeNode(top), 0n);
    return value;
  }
}

function newItem(revision: number): LeafItem {
  return new LeafItem(bytesFromLatin1(revisionKey(revision, 0)), 0, 17, 0, 0);
}

Deno.test("BTreeFile writes trees whose leaves are not all equally deep", async () => {
  const revisions = [0, 1, 10, 11, 20, 21];
  for (let seed = 0; seed < 40; seed++) {
    const prng = new Prng(seed);
    const disk = newMemoryDisk();
    const made = disk.open(PATH, "create");
    const writer = new BulkWriter(made, PAGE_BYTES);
    writer.addBucket("key", new LopsidedTree(writer), 0n);
    await writer.finish();
    made.close();
    const file = await openSmall(disk);
    let model: Model = new Map([["key", new Map(revisions.map((r) => [revisionKey(r, 0), ""]))]]);
    for (let i = 0; i < 4; i++) {
      await checkFile(file, model, `seed ${seed}`);
      const operations = Array.from({ length: prng.between(1, 4) }, (): Operation => {
        const key = revisionKey(prng.between(0, 22), 0);
        if (prng.chance(0.7)) return { kind: "delete", bucket: "key", key };
        return { kind: "put", bucket: "key", key, value: "v" };
      });
      await commit(file, operations);
      model = applyToModel(model, operations);
    }
    await checkFile(file, model, `seed ${seed}`);
    await file.close();
  }
});

Deno.test("BTreeFile writes no page again that a reader can still see", async () => {
  const file = await openSmall(newMemoryDisk());
  await commit(file, putRevisions(1, 300));
  const model = contentsOf(file);
  const read = file.beginRead();
  const image = imageOf(read);
  for (let i = 0; i < 30; i++) {
    const write = file.beginWrite();
    const bucket = write.createBucketIfMissing("key");
    for (let k = i * 10; k < i * 10 + 10; k++) bucket.delete(bytesFromLatin1(revisionKey(k, 0)));
    for (const { key } of keysOf(putRevisions(1000 + i * 10, 10))) bucket.put(key, key);
    await write.commit();
    assert.ok(sameContents(readAll(read), model));
  }
  assert.deepEqual([0, PAGE_BYTES].map((offset) => decodeMeta(image, offset)), [
    read.tree.meta,
    { ...read.tree.meta, transactionId: read.transactionId - 1 },
  ]);
  const disk = newMemoryDisk();
  for (const bytes of [image, imageOf(read)]) {
    writeFile(disk, PATH, bytes);
    const copy = await openSmall(disk);
    assert.equal(copy.transactionId, read.transactionId);
    await checkFile(copy, model, "the image");
    await copy.close();
  }
  const pinnedBytes = file.sizeBytes;
  read.close();
  for (let i = 0; i < 30; i++) await commit(file, putRevisions(1, 5));
  assert.equal(file.sizeBytes, pinnedBytes);
  assert.ok(file.freeBytes > pinnedBytes / 3);
  await file.close();
});

function keysOf(operations: readonly Operation[]): { key: Uint8Array }[] {
  return operations.map((op) => ({ key: bytesFromLatin1("key" in op ? op.key : "") }));
}

function imageOf(read: ReturnType<BTreeFile["beginRead"]>): Uint8Array {
  const image = new Uint8Array(read.imageBytes + 10);
  let position = 0;
  for (let count = -1; count !== 0; position += count) {
    count = read.readImage(image, position, Math.min(position + 777, image.length), position);
  }
  assert.equal(position, read.imageBytes);
  return image.subarray(0, position);
}

Deno.test("BTreeFile waits for no disk when it is told so", async () => {
  const disk = newMemoryDisk();
  const file = await openSmall(disk, { unsafeNoSync: true });
  const before = disk.hardware.operationCount;
  await commit(file, [{ kind: "put", bucket: "key", key: "a", value: "b" }]);
  // The page of the root and the meta page.
  assert.equal(disk.hardware.operationCount, before + 2);
  await file.close();
});

Deno.test("BTreeFile leaves alone buckets within buckets, which only bbolt makes", async () => {
  const disk = newMemoryDisk();
  writeFile(disk, PATH, new Uint8Array(0));
  const made = disk.open(PATH, "write");
  const writer = new BulkWriter(made, PAGE_BYTES);
  const nested = writer.newTree();
  for (let i = 0; i < 100; i++) {
    nested.add(newItem(i));
  }
  const outer = writer.newTree();
  outer.add(new LeafItem(bytesFromLatin1("a1"), 0, 1, 1, 0));
  outer.addBucket(bytesFromLatin1("n"), nested, 5n);
  writer.addBucket("outer", outer, 6n);
  await writer.finish();
  made.close();

  const file = await openSmall(disk);
  assert.deepEqual(await file.check(), []);
  const write = file.beginWrite();
  const bucket = write.bucket("outer");
  const n = bytesFromLatin1("n");
  assert.equal(bucket?.get(n), undefined);
  assert.throws(() => bucket?.put(n, n), { name: "DiskError", code: "CORRUPT" });
  assert.throws(() => bucket?.delete(n), { name: "DiskError", code: "CORRUPT" });
  bucket?.put(bytesFromLatin1("b"), n);
  await write.commit();
  assert.deepEqual(await file.check(), []);
  const read = file.beginRead();
  assert.equal(read.bucket("outer")?.sequence, 6n);
  assert.equal(read.bucket("outer")?.get(n), undefined);
  await compactCopy(read, { ...SMALL, fileSystem: disk, path: "data/copy" });
  read.close();
  await commit(file, [{ kind: "deleteBucket", bucket: "outer" }]);
  await checkFile(file, new Map(), "all is free again");
  await file.close();
  const copy = await BTreeFile.open(disk, "data/copy", SMALL);
  assert.deepEqual(await copy.check(), []);
  assert.deepEqual([...contentsOf(copy).get("outer")?.keys() ?? []], ["a", "b", "n"]);
  const copied = copy.beginRead();
  const cursor = copied.bucket("outer")?.cursor();
  assert.deepEqual([cursor?.seek(n), cursor?.isBucket, cursor?.value.length], [true, true, 16]);
  copied.close();
  await copy.close();
});

Deno.test("BTreeFile works on the machine's own disk, with pages of bbolt's usual size", async () => {
  const directory = mkdtempSync(join(tmpdir(), "detcd-btree-"));
  try {
    const path = join(directory, "db");
    const disk = new DenoFileSystem();
    const options = { clock: SMALL.clock, yieldTurn: SMALL.yieldTurn };
    let file = await BTreeFile.open(disk, path, options);
    assert.equal(file.pageBytes, 4096);
    let model: Model = new Map();
    const workload = new RandomWorkload(new Prng(5), 20_000);
    for (let i = 0; i < 15; i++) {
      const operations = workload.transaction(model, 500);
      model = applyToModel(model, operations);
      await commit(file, operations);
      if (i % 5 !== 4) continue;
      await checkFile(file, model, `commit ${i}`);
      await file.close();
      file = await BTreeFile.open(disk, path, options);
    }
    await checkFile(file, model, "opened again");
    await file.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
