import type { BucketCounts } from "../../base/bucket_counts.ts";
import type { OutcomeDurations } from "../../server/counts/outcome_durations.ts";
import type { ServerCounts } from "../../server/counts/server_counts.ts";
import { histograms, type Labels, type MetricFamily } from "./family.ts";
import { OPERATION_NAMES } from "./operation_names.ts";

type Lines = Iterable<readonly [Labels, BucketCounts]>;

/** What requests take: to answer them, to apply them, and to read the store for them. */
export function requestMetrics(counts: ServerCounts): MetricFamily[] {
  return [
    histograms(
      "etcd_server_request_duration_seconds",
      "How long requests took from their arrival to their outcome, by what they ask for.",
      () => requestLines(counts),
    ),
    histograms(
      "etcd_server_apply_duration_seconds",
      "How long it took to apply operations; those applied in one go share their time equally.",
      () => applyLines(counts),
    ),
    histograms(
      "etcd_server_range_duration_seconds",
      "How long it took to read ranges; of short ones some are timed and stand for the others.",
      () => outcomes(counts.ranges.reads, (success) => ({ success })),
    ),
  ];
}

function* requestLines({ operations, ranges, readOnlyTxns }: ServerCounts): Lines {
  yield* outcomes(ranges.requests, (success) => ({ success, type: "Range" }));
  yield* outcomes(readOnlyTxns, (success) => ({ success, type: "ReadonlyTxn" }));
  for (const [field, { requests }] of operations.byField) {
    const type = OPERATION_NAMES.get(field);
    if (type !== undefined) yield* outcomes(requests, (success) => ({ success, type }));
  }
}

function* applyLines({ operations }: ServerCounts): Lines {
  for (const [field, { applies }] of operations.byField) {
    const op = OPERATION_NAMES.get(field);
    if (op !== undefined) yield* outcomes(applies, (success) => ({ op, success, version: "v3" }));
  }
}

/** As in etcd there is nothing of an outcome that there never was. */
function* outcomes(
  { succeeded, failed }: OutcomeDurations,
  labels: (success: string) => Labels,
): Lines {
  if (failed.total > 0) yield [labels("false"), failed];
  if (succeeded.total > 0) yield [labels("true"), succeeded];
}
