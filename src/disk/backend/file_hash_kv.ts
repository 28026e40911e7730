import { bytesFromLatin1 } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { TOMBSTONE_KEY_BYTES, writeRevisionKey } from "../../core/mvcc/revision_key.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { TurnBudget } from "../btree/turn_budget.ts";
import { ChangeWalk } from "./change_walk.ts";
import { FINGERPRINT_SEGMENTS } from "./key_fingerprints.ts";
import { BACKEND_LIMITS } from "./limits.ts";
import { LiveKeys } from "./live_keys.ts";
import { Bucket } from "./schema.ts";
import { Progress, type SliceOptions } from "./slices.ts";
import { readStoredRevisions } from "./stored_revisions.ts";

/** What etcd's HashKV answers. */
export interface FileHashKv {
  readonly hash: number;
  /** The revision that was hashed. */
  readonly hashRevision: number;
  /** -1 if nothing was ever compacted. */
  readonly compactRevision: number;
}

/**
 * The hash over all changes up to a revision (0 for the current one) as HashKV gives it, made from
 * the file alone, in turns. Throws etcd's error for a revision that cannot be read.
 */
export async function hashKvOfFile(
  read: ReadTransaction,
  revision: number,
  options: SliceOptions,
): Promise<FileHashKv> {
  const { current, compacted } = readStoredRevisions(read);
  const hashRevision = revision === 0 ? current : revision;
  if (hashRevision > current) throw ETCD_ERRORS.futureRev;
  if (hashRevision < compacted) throw ETCD_ERRORS.compacted;
  const passes = compacted < 0 ? 1 : 2;
  const hashing = new FileHashing(read, { hashRevision, compacted }, passes, options);
  const kept = compacted < 0 ? new Uint8Array(0) : await hashing.findKept();
  return { hash: await hashing.hash(kept), hashRevision, compactRevision: compacted };
}

class FileHashing {
  readonly #read: ReadTransaction;
  readonly #hashRevision: number;
  readonly #compacted: number;
  readonly #options: SliceOptions;
  readonly #progress: Progress;

  constructor(
    read: ReadTransaction,
    revisions: { readonly hashRevision: number; readonly compacted: number },
    passes: number,
    options: SliceOptions,
  ) {
    this.#read = read;
    this.#hashRevision = revisions.hashRevision;
    this.#compacted = revisions.compacted;
    this.#options = options;
    this.#progress = new Progress(options, read.imageBytes, passes);
  }

  /**
   * Of the changes up to the compacted revision, one bit for each: whether it counts. Those that do
   * not are removed sooner or later, and members are to agree however far they are with that.
   */
  async findKept(): Promise<Uint8Array> {
    const keys = new LiveKeys(this.#compacted);
    const walk = this.#newWalk();
    await this.#progress.run(walk, () =>
      walk.step((main, _sub, tombstone, bytes, start, end) => {
        if (keys.add(main, tombstone, bytes, start, end)) return;
        throw walk.damage("its value is no pair of that revision");
      }));
    const kept = new Uint8Array(Math.ceil(keys.compactedChanges / 8));
    const { clock, yieldTurn } = this.#options;
    const turn = new TurnBudget(clock, BACKEND_LIMITS.turnMs, yieldTurn);
    for (let segment = 0; segment < FINGERPRINT_SEGMENTS; segment++) {
      keys.markKept(segment, kept);
      if (turn.isSpent()) await turn.next();
    }
    return kept;
  }

  async hash(kept: Uint8Array): Promise<number> {
    const key = new Uint8Array(TOMBSTONE_KEY_BYTES);
    let hash = crc32c(bytesFromLatin1(Bucket.KEY));
    let compactedChanges = 0;
    const walk = this.#newWalk();
    await this.#progress.run(walk, () =>
      walk.step((main, sub, tombstone, bytes, start, end) => {
        if (main <= this.#compacted && !isSet(kept, compactedChanges++)) return;
        hash = crc32c(key, 0, writeRevisionKey(key, 0, main, sub, tombstone), hash);
        hash = crc32c(bytes, start, end, hash);
      }));
    return hash;
  }

  #newWalk(): ChangeWalk {
    return new ChangeWalk(this.#read, this.#options.clock, this.#hashRevision);
  }
}

function isSet(bits: Uint8Array, index: number): boolean {
  return (bits[index >>> 3] & (1 << (index & 7))) !== 0;
}
