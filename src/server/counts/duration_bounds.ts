import { BucketCounts, exponentialBounds } from "../../base/bucket_counts.ts";

const BOUNDS_SECONDS: readonly number[] = exponentialBounds(0.001, 2, 14);
const SHORT_BOUNDS_SECONDS: readonly number[] = exponentialBounds(0.0001, 2, 20);

/** Counts for durations in seconds, in the buckets of most of etcd's histograms: 1 ms to 8 s. */
export function newDurations(): BucketCounts {
  return new BucketCounts(BOUNDS_SECONDS);
}

/** The same for what is over sooner: 0.1 ms to 52 s. */
export function newShortDurations(): BucketCounts {
  return new BucketCounts(SHORT_BOUNDS_SECONDS);
}
