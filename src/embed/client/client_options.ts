import type { CallOptions } from "./transport/transport.ts";

/** How the history is compacted. */
export interface CompactOptions extends CallOptions {
  /** Waits until the history is gone from the disk as well. Default false. */
  readonly physical?: boolean;
}

/** How far a backup is that is being saved. */
export interface SnapshotProgress {
  /** How many bytes are in the file. */
  readonly savedBytes: number;
  /** How many it will have. */
  readonly totalBytes: number;
}

/** How a backup is saved. */
export interface SaveSnapshotOptions extends CallOptions {
  /** Hears of every piece that was saved. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
}

/** What was saved. */
export interface SavedSnapshot {
  /** The version of etcd's storage format; empty if the member presents an etcd before 3.6. */
  readonly version: string;
  /** How many bytes the file has. */
  readonly sizeBytes: number;
}

/** At which revision the history is hashed. */
export interface HashKvOptions extends CallOptions {
  /** 0, the default, is the newest. */
  readonly revision?: number;
}

/** How a lease is granted. */
export interface GrantOptions extends CallOptions {
  /** The lease's ID; without it, or with `0n`, the server chooses one. */
  readonly id?: bigint;
}
