import { STORE_LIMITS } from "./limits.ts";

/**
 * The hash over everything up to a compaction's revision, made before anything was removed, by
 * which members compare what they had.
 */
export interface CompactionHash {
  readonly hash: number;
  readonly revision: number;
  /** The revision of the compaction before it, or -1. */
  readonly compactRevision: number;
}

/** The hashes of the newest compactions. */
export class CompactionHashes {
  readonly #hashes: CompactionHash[] = [];

  /** Newest last. */
  get all(): readonly CompactionHash[] {
    return this.#hashes;
  }

  add(hash: CompactionHash): void {
    this.#hashes.push(hash);
    if (this.#hashes.length > STORE_LIMITS.keptCompactionHashes) this.#hashes.shift();
  }
}
