import { createHash } from "node:crypto";
import { bytesFromLatin1, bytesFromText, concatBytes } from "../../../base/bytes.ts";
import { systemClock } from "../../../base/clock.ts";
import { BackendBatch } from "../../../disk/backend/backend_batch.ts";
import { Bucket } from "../../../disk/backend/schema.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import type { WriteTransaction } from "../../../disk/btree/write_transaction.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import { writeFile as writeBytes } from "../../../disk/testing/files.ts";
import { User } from "../../../pb/authpb.ts";
import { KeyValue } from "../../../pb/mvccpb.ts";
import { ConfState } from "../../../pb/raftpb.ts";
import { yieldTurn } from "../database.ts";

/** The members of the cluster whose backup the sample is. */
const OLD_MEMBER_ID = 0x1234_5678n;

/** How many keys exist in the sample, and how many pairs all buckets have together. */
export const SAMPLE_KEYS = 199;
export const SAMPLE_REVISION = 202;
const SAMPLE_PASSWORD = "$2a$10$secret";

export const SAMPLE_PAGE_BYTES = 4096;
const PUTS = 200;

/** What a server of 3.6 might have written. */
function fillSample(write: WriteTransaction): void {
  const batch = new BackendBatch(write);
  for (let i = 0; i < PUTS; i++) {
    const main = 2 + i;
    const pair = KeyValue.encode(KeyValue.create({
      key: `k${i}`,
      createRevision: main,
      modRevision: main,
      version: 1,
      value: bytesFromLatin1(`value ${i} `.repeat(1 + i % 20)),
      lease: i === 0 ? 7n : 0n,
    }));
    batch.putChange(main, 0, false, pair, 0, pair.length);
  }
  const tombstone = KeyValue.encode(KeyValue.create({ key: "k5" }));
  batch.putChange(SAMPLE_REVISION, 0, true, tombstone, 0, tombstone.length);
  batch.setConsistentIndex(210, 3);
  batch.setConfState(ConfState.create({ voters: [OLD_MEMBER_ID] }));
  batch.setStorageVersion("3.6.0");
  batch.setClusterVersion("3.6.0");
  batch.setScheduledCompactRevision(2);
  batch.setFinishedCompactRevision(2);
  batch.putLease({ id: 7n, ttlSeconds: 600, remainingTtlSeconds: 0 });
  batch.replaceMembers([{
    id: OLD_MEMBER_ID,
    peerUrls: ["http://old:2380"],
    isLearner: false,
    name: "old",
    clientUrls: ["http://old:2379"],
  }], [0x99n]);
  write.createBucketIfMissing(Bucket.AUTH_USERS).put(
    bytesFromText("root"),
    User.encode(User.create({
      name: bytesFromText("root"),
      password: bytesFromText(SAMPLE_PASSWORD),
    })),
  );
}

/** The bytes of a B-tree file that holds the sample, changed as wanted. */
export async function sampleImage(
  change: (write: WriteTransaction) => void = () => {},
): Promise<Uint8Array> {
  const fileSystem = new MemoryFileSystem({ tracksUnsynced: false });
  const file = await BTreeFile.open(fileSystem, "db", { clock: systemClock, yieldTurn });
  try {
    const write = file.beginWrite();
    fillSample(write);
    change(write);
    await write.commit();
    const read = file.beginRead();
    const image = new Uint8Array(read.imageBytes);
    read.readImage(image, 0, image.length, 0);
    read.close();
    return image;
  } finally {
    await file.close();
  }
}

/** The image with its hash behind it: a backup. */
export function withBackupHash(image: Uint8Array): Uint8Array {
  return concatBytes([image, new Uint8Array(createHash("sha256").update(image).digest())]);
}

/** A file system in memory with one file. */
export function fileSystemWith(path: string, bytes: Uint8Array): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem();
  writeFile(fileSystem, path, bytes);
  return fileSystem;
}

/** Makes a file whose name is on the disk too. */
export function writeFile(fileSystem: FileSystem, path: string, bytes: Uint8Array): void {
  writeBytes(fileSystem, path, bytes);
  fileSystem.syncDirectoryNow(".");
}

/** Turns one bit over. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >>> 3] ^= 1 << (bit & 7);
  return flipped;
}

/** The image with a last page that says it is another one; and where that page starts. */
export function withWrongPage(image: Uint8Array): { image: Uint8Array; pageId: number } {
  const pageId = image.length / SAMPLE_PAGE_BYTES - 1;
  return { image: flipBit(image, pageId * SAMPLE_PAGE_BYTES * 8), pageId };
}
