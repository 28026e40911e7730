import { BucketCounts, exponentialBounds } from "../../base/bucket_counts.ts";

/** How long compactions took, in milliseconds. */
export class CompactionDurations {
  /** How long others waited while it was found out what is superseded, a slice at a time. */
  readonly markingPausesMs = new BucketCounts(exponentialBounds(0.5, 2, 14));
  /** The same while what is superseded was removed. */
  readonly removalPausesMs = new BucketCounts(exponentialBounds(1, 2, 13));
  /** From the request until all was removed from memory. */
  readonly totalsMs = new BucketCounts(exponentialBounds(100, 2, 14));
  /** When the last one ended, in seconds since 1970; 0 before. */
  lastWallSeconds = 0;
}
