import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { newMemoryDisk } from "../testing/wal_fixtures.ts";
import {
  checkFile,
  commit,
  contentsOf,
  openSmall,
  putRevisions,
} from "./testing/btree_fixtures.ts";

Deno.test("WriteTransaction reads what it has written, and nobody else does before the commit", async () => {
  const file = await openSmall(newMemoryDisk());
  const write = file.beginWrite();
  assert.equal(write.bucket("key"), undefined);
  const bucket = write.createBucketIfMissing("key");
  assert.equal(write.createBucketIfMissing("key"), bucket);
  bucket.put(bytesFromLatin1("a"), bytesFromLatin1("-one-"), 1, 4);
  bucket.put(bytesFromLatin1("b"), bytesFromLatin1("two"));
  bucket.put(bytesFromLatin1("b"), bytesFromLatin1("three"));
  assert.ok(bucket.delete(bytesFromLatin1("b")));
  assert.ok(!bucket.delete(bytesFromLatin1("b")));
  assert.deepEqual(bucket.get(bytesFromLatin1("a")), bytesFromLatin1("one"));
  assert.equal(bucket.get(bytesFromLatin1("b")), undefined);
  assert.deepEqual(bucket.firstFrom(bytesFromLatin1("Z"))?.key, bytesFromLatin1("a"));
  assert.equal(bucket.firstFrom(bytesFromLatin1("aa")), undefined);
  assert.deepEqual(write.bucketNames(), ["key"]);
  assert.equal(contentsOf(file).size, 0);
  const read = file.beginRead();
  await write.commit();
  assert.equal(read.bucket("key"), undefined);
  read.close();
  await checkFile(file, new Map([["key", new Map([["a", "one"]])]]), "committed");
  await file.close();
});

Deno.test("WriteTransaction.put() keeps nothing of the caller's bytes", async () => {
  const file = await openSmall(newMemoryDisk());
  const write = file.beginWrite();
  const bucket = write.createBucketIfMissing("key");
  const scratch = bytesFromLatin1("k");
  bucket.put(scratch, scratch);
  scratch.fill(0);
  await write.commit();
  await checkFile(file, new Map([["key", new Map([["k", "k"]])]]), "");
  await file.close();
});

Deno.test("WriteTransaction.rollback() leaves nothing behind", async () => {
  const disk = newMemoryDisk();
  const file = await openSmall(disk);
  await commit(file, putRevisions(1, 200));
  const before = disk.hardware.operationCount;
  const model = contentsOf(file);
  const write = file.beginWrite();
  const bucket = write.createBucketIfMissing("key");
  for (const key of model.get("key")?.keys() ?? []) bucket.delete(bytesFromLatin1(key));
  write.deleteBucket("key");
  write.createBucketIfMissing("other");
  write.rollback();
  assert.equal(disk.hardware.operationCount, before);
  await commit(file, putRevisions(1, 1));
  await checkFile(file, model, "after the rollback");
  await file.close();
});

Deno.test("WriteTransaction.commit() writes nothing when nothing was changed", async () => {
  const disk = newMemoryDisk();
  const file = await openSmall(disk);
  await commit(file, putRevisions(1, 10));
  const before = [disk.hardware.operationCount, file.transactionId];
  const write = file.beginWrite();
  write.bucket("key")?.delete(bytesFromLatin1("not there"));
  await write.commit();
  assert.deepEqual([disk.hardware.operationCount, file.transactionId], before);
  await file.close();
});

Deno.test("WriteTransaction refuses keys that the format does not allow", async () => {
  const file = await openSmall(newMemoryDisk());
  const write = file.beginWrite();
  const bucket = write.createBucketIfMissing("key");
  const value = new Uint8Array(1);
  assert.throws(() => bucket.put(new Uint8Array(0), value), RangeError);
  assert.throws(() => bucket.put(new Uint8Array(32_769), value), RangeError);
  assert.throws(() => write.createBucketIfMissing(""), RangeError);
  bucket.put(new Uint8Array(32_768), value);
  await write.commit();
  assert.deepEqual(await file.check(), []);
  assert.equal(contentsOf(file).get("key")?.size, 1);
  await file.close();
});
