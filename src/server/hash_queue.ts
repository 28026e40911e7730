import { type BucketCounts } from "../base/bucket_counts.ts";
