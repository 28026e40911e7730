import { BucketCounts, exponentialBounds } from "../../base/bucket_counts.ts";

/** How long the backend's work took in seconds, in the buckets of etcd's histograms. */
export class BackendDurations {
  readonly commits = new BucketCounts(exponentialBounds(0.001, 2, 14));
  readonly defragmentations = new BucketCounts(exponentialBounds(0.1, 2, 13));
  /** How long the file was pinned by those who read it as a whole. */
  readonly snapshots = new BucketCounts(exponentialBounds(0.01, 2, 17));
}
