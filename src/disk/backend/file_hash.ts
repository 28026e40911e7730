import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { crc32c } from "../../base/crc32c.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { BackendScan } from "./backend_scan.ts";
import type { PairScan } from "./pair_scan.ts";
import { Bucket, MetaKey } from "./schema.ts";
import { Progress, type SliceOptions } from "./slices.ts";

/** What differs between members that hold the same, because it tells how far each of them is. */
const OWN_META_KEYS: readonly string[] = [
  MetaKey.CONSISTENT_INDEX,
  MetaKey.TERM,
  MetaKey.STORAGE_VERSION,
];

/** What is hashed of a file. */
interface BackendHashOptions {
  /** Leave out what differs between members, as Maintenance.Hash does and a backup's hash does not. */
  readonly skipMeta: boolean;
}

/** The hash over the names and pairs of all buckets, made in steps of some ms. */
export class BackendHash {
  readonly #scan: BackendScan;
  readonly #skipMeta: boolean;
  #hash = 0;

  /** The transaction must stay open until the hash is made. */
  constructor(read: ReadTransaction, clock: Clock, { skipMeta }: BackendHashOptions) {
    this.#skipMeta = skipMeta;
    this.#scan = new BackendScan(read, clock, this);
  }

  /** The hash, once `step` has returned false. */
  get hash(): number {
    return this.#hash;
  }

  /** How many bytes of the file were visited so far. */
  get visitedBytes(): number {
    return this.#scan.visitedBytes;
  }

  /** Returns whether more remains. Throws a DiskError for damage. */
  step(): boolean {
    return this.#scan.step();
  }

  /** For the scan. */
  bucket(name: string): void {
    const bytes = bytesFromLatin1(name);
    this.#hash = crc32c(bytes, 0, bytes.length, this.#hash);
  }

  /** For the scan. */
  pair(bucket: string, { bytes, keyStart, valueStart, valueEnd }: PairScan): void {
    if (this.#skipMeta && bucket === Bucket.META) {
      if (OWN_META_KEYS.includes(latin1FromBytes(bytes, keyStart, valueStart))) return;
    }
    // The value follows the key.
    this.#hash = crc32c(bytes, keyStart, valueEnd, this.#hash);
  }
}

/** Makes such a hash, in turns. */
export async function hashBackend(
  read: ReadTransaction,
  options: BackendHashOptions & SliceOptions,
): Promise<number> {
  const hash = new BackendHash(read, options.clock, options);
  await new Progress(options, read.imageBytes, 1).run(hash, () => hash.step());
  return hash.hash;
}
