import { bytesFromLatin1 } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import { RevisionKeyFields } from "../../core/mvcc/revision_key.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { BackendScan } from "./backend_scan.ts";
import { LiveKeys } from "./live_keys.ts";
import type { PairScan } from "./pair_scan.ts";
import { Bucket } from "./schema.ts";
import { Progress, type SliceOptions } from "./slices.ts";
import { readStoredRevisions } from "./stored_revisions.ts";
import { readStoredMeta } from "./stored_state.ts";

/** What `snapshot status` tells of a backup. */
export interface BackendStatus {
  /** Over the names and pairs of all buckets. */
  readonly hash: number;
  /** The main revision of the last change; 0 if there is none. */
  readonly revision: number;
  /** How many keys exist: what etcd from 3.6 on calls the total of keys. */
  readonly totalKeys: number;
  /** How many pairs all buckets have: what etcd before 3.6 calls so. */
  readonly totalPairs: number;
  readonly totalSizeBytes: number;
  /** The version of etcd whose form the file has; empty if it does not say, as before 3.6. */
  readonly version: string;
}

/** Reads the whole file, in turns. */
export async function readBackendStatus(
  read: ReadTransaction,
  options: SliceOptions,
): Promise<BackendStatus> {
  const { last, compacted } = readStoredRevisions(read);
  const counts = new StatusCounts(compacted);
  const scan = new BackendScan(read, options.clock, counts);
  await new Progress(options, read.imageBytes, 1).run(scan, () => scan.step());
  return {
    hash: counts.hash,
    revision: last,
    totalKeys: counts.keys.count,
    totalPairs: counts.pairs,
    totalSizeBytes: read.imageBytes,
    version: readStoredMeta(read).storageVersion ?? "",
  };
}

class StatusCounts {
  hash = 0;
  pairs = 0;
  readonly keys: LiveKeys;
  readonly #revision = new RevisionKeyFields();

  constructor(compactRevision: number) {
    this.keys = new LiveKeys(compactRevision);
  }

  bucket(name: string): void {
    const bytes = bytesFromLatin1(name);
    this.hash = crc32c(bytes, 0, bytes.length, this.hash);
  }

  pair(bucket: string, scan: PairScan): void {
    const { bytes, keyStart, valueStart, valueEnd } = scan;
    this.pairs++;
    // The value follows the key.
    this.hash = crc32c(bytes, keyStart, valueEnd, this.hash);
    if (bucket !== Bucket.KEY) return;
    const key = this.#revision;
    if (!key.read(bytes, keyStart, valueStart)) throw scan.damage("its key is no revision");
    if (!this.keys.add(key.main, key.tombstone, bytes, valueStart, valueEnd)) {
      throw scan.damage("its value is no pair of that revision");
    }
  }
}
