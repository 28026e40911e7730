import type { BucketCounts } from "../../base/bucket_counts.ts";

/** Durations in seconds by how it ended. */
export class OutcomeDurations {
  readonly succeeded: BucketCounts;
  readonly failed: BucketCounts;

  constructor(newCounts: () => BucketCounts) {
    this.succeeded = newCounts();
    this.failed = newCounts();
  }

  add(isDone: boolean, seconds: number): void {
    if (isDone) this.succeeded.add(seconds);
    else this.failed.add(seconds);
  }
}
