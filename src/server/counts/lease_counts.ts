import { BucketCounts, exponentialBounds } from "../../base/bucket_counts.ts";

/** What has happened to leases since the start. */
export class LeaseCounts {
  leasesGranted = 0;
  leasesRevoked = 0;
  leasesRenewed = 0;
  /** The granted times to live, in seconds. */
  readonly grantedTtls = new BucketCounts(exponentialBounds(1, 2, 24));
}
