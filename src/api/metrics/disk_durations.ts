import { BucketCounts, exponentialBounds } from "../../base/bucket_counts.ts";
import type { WalObserver } from "../../disk/wal.ts";

/** 1 ms doubled 13 times: the buckets of etcd's disk histograms. */
const FIRST_BOUND_SECONDS = 0.001;
const BOUND_COUNT = 14;

/** How long the WAL took, and how much was written to it. */
export class DiskDurations implements WalObserver {
  readonly syncSeconds = new BucketCounts(exponentialBounds(FIRST_BOUND_SECONDS, 2, BOUND_COUNT));
  readonly writeSeconds = new BucketCounts(exponentialBounds(FIRST_BOUND_SECONDS, 2, BOUND_COUNT));
  writtenBytes = 0;

  synced(durationMs: number): void {
    this.syncSeconds.add(durationMs / 1000);
  }

  written(sizeBytes: number, durationMs: number): void {
    this.writeSeconds.add(durationMs / 1000);
    this.writtenBytes += sizeBytes;
  }
}
