import { createHash } from "node:crypto";
import { bytesEqual } from "../../base/bytes.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import { CLI_LIMITS } from "../limits.ts";

/** What stands behind the image of the B-tree file in a backup: the SHA-256 of all before it. */
const BACKUP_HASH_BYTES = 32;

/** The size of an image is a multiple of this, whatever the size of its pages. */
const IMAGE_UNIT_BYTES = 512;

/** Whether a file of this size is a backup with its hash, and not a mere copy of a B-tree file. */
export function hasBackupHash(sizeBytes: number): boolean {
  return sizeBytes % IMAGE_UNIT_BYTES === BACKUP_HASH_BYTES;
}

/** A backup that is not what it was when it was made. */
export class BackupHashMismatch extends Error {
  override name = "BackupHashMismatch";
  /** The size of what is hashed; the hash stands behind. */
  readonly imageBytes: number;

  constructor(message: string, imageBytes: number) {
    super(message);
    this.imageBytes = imageBytes;
  }
}

/** Throws, in etcd's words, unless a backup that has its hash is what it was when it was made. */
export function requireBackupHash(fileSystem: FileSystem, path: string): void {
  const file = fileSystem.open(path, "read");
  try {
    const imageBytes = file.size() - BACKUP_HASH_BYTES;
    const hash = createHash("sha256");
    const chunk = new Uint8Array(CLI_LIMITS.fileChunkBytes);
    for (let position = 0; position < imageBytes;) {
      const wanted = Math.min(chunk.length, imageBytes - position);
      const count = file.readAt(chunk, 0, wanted, position);
      if (count === 0) throw new Error(`${path} became shorter meanwhile`);
      hash.update(chunk.subarray(0, count));
      position += count;
    }
    const expected = new Uint8Array(BACKUP_HASH_BYTES);
    file.readAt(expected, 0, expected.length, imageBytes);
    const actual = new Uint8Array(hash.digest());
    if (bytesEqual(expected, actual)) return;
    throw new BackupHashMismatch(
      `expected sha256 [${expected.join(" ")}], got [${actual.join(" ")}]: ` +
        `${path} is damaged. Use another backup`,
      imageBytes,
    );
  } finally {
    file.close();
  }
}
