import { BucketCounts, exponentialBounds } from "../../base/bucket_counts.ts";
import type { CommitTimes } from "../../disk/btree/commit.ts";
import { newDurations } from "../counts/duration_bounds.ts";

/** How long the backend's work took in seconds, in the buckets of etcd's histograms. */
export class BackendDurations {
  readonly commits = newDurations();
  /** The parts of a commit, as bbolt calls them. */
  readonly rebalances = newDurations();
  readonly spills = newDurations();
  readonly writes = newDurations();
  readonly hashes = new BucketCounts(exponentialBounds(0.01, 2, 15));
  /** Raft's snapshot files, which say from where on the log is needed: all of it, and its parts. */
  readonly snapshotFiles = newDurations();
  readonly snapshotFileEncodings = newDurations();
  readonly snapshotFileSyncs = newDurations();
  readonly defragmentations = new BucketCounts(exponentialBounds(0.1, 2, 13));
  /** How long the file was pinned by those who read it as a whole. */
  readonly snapshots = new BucketCounts(exponentialBounds(0.01, 2, 17));

  /** Counts the parts of a commit. */
  readonly committed = ({ unitingMs, writingMs, syncingMs }: CommitTimes): void => {
    this.rebalances.add(unitingMs / 1000);
    this.spills.add(writingMs / 1000);
    this.writes.add(syncingMs / 1000);
  };
}
