import { BucketCounts, exponentialBounds } from "../../base/bucket_counts.ts";
import type { CompatVersion } from "../../core/members/compat_version.ts";
import type { ServerConfig } from "../../server/server_config.ts";
import {
  counter,
  counters,
  gauge,
  histogram,
  type LabelledValues,
  type MetricFamily,
} from "./family.ts";

/**
 * What etcd tells and what cannot happen here, so that rules and dashboards find the names. All of
 * it is 0, as it is in an etcd that is in the same situation.
 */
export function unusedMetrics({ compatVersion }: ServerConfig): MetricFamily[] {
  const families = [...otherMembersMetrics(), ...proxyMetrics(), ...v2StoreMetrics()];
  return countsV2Store(compatVersion) ? [...families, ...v2OperationMetrics()] : families;
}

/** In etcd up to 3.4 the v2 store held the members, so that there always were some operations. */
function countsV2Store({ minor }: CompatVersion): boolean {
  return minor <= 4;
}

/** What takes other members. */
function otherMembersMetrics(): MetricFamily[] {
  return [
    counter(
      "etcd_server_heartbeat_send_failures_total",
      "Heartbeats of a leader that left too late; a member that is alone sends none.",
      nothing,
    ),
    counter(
      "etcd_server_read_indexes_failed_total",
      "Confirmations of reads that failed; a member that is alone confirms its own.",
      nothing,
    ),
    counter(
      "etcd_server_learner_promote_successes",
      "Learners promoted while this member led; there are none.",
      nothing,
    ),
    gauge(
      "etcd_server_snapshot_apply_in_progress_total",
      "Whether a snapshot of the leader is being applied; nobody sends one.",
      nothing,
    ),
    histogram(
      "etcd_snap_db_fsync_duration_seconds",
      "The latency of making a snapshot durable that the leader sent; nobody sends one.",
      new BucketCounts(exponentialBounds(0.001, 2, 14)),
    ),
    histogram(
      "etcd_snap_db_save_total_duration_seconds",
      "The latency of saving a snapshot that the leader sent; nobody sends one.",
      new BucketCounts(exponentialBounds(0.1, 2, 10)),
    ),
  ];
}

/** What a gRPC proxy does: etcd has the names in every process, whether it is one or not. */
function proxyMetrics(): MetricFamily[] {
  const notHere = "of a gRPC proxy, which this process is not.";
  return [
    gauge("etcd_grpc_proxy_cache_hits_total", `Cache hits ${notHere}`, nothing),
    gauge("etcd_grpc_proxy_cache_misses_total", `Cache misses ${notHere}`, nothing),
    gauge("etcd_grpc_proxy_cache_keys_total", `Cached ranges ${notHere}`, nothing),
    gauge("etcd_grpc_proxy_watchers_coalescing_total", `Shared watchers ${notHere}`, nothing),
    counter("etcd_grpc_proxy_events_coalescing_total", `Shared events ${notHere}`, nothing),
  ];
}

/** The store of the v2 API, which etcd itself has lost and still tells of. */
function v2StoreMetrics(): MetricFamily[] {
  return [
    counter("etcd_debugging_store_expires_total", "Keys of the v2 store that expired.", nothing),
    counter(
      "etcd_debugging_store_watch_requests_total",
      "Watch requests to the v2 store.",
      nothing,
    ),
    gauge("etcd_debugging_store_watchers", "Watchers of the v2 store.", nothing),
  ];
}

function v2OperationMetrics(): MetricFamily[] {
  const none = (actions: readonly string[]) => (): LabelledValues =>
    actions.map((action) => [{ action }, 0]);
  return [
    counters(
      "etcd_debugging_store_reads_total",
      "Reads of the v2 store.",
      none(["get", "getRecursive"]),
    ),
    counters(
      "etcd_debugging_store_writes_total",
      "Writes to the v2 store.",
      none(["create", "set"]),
    ),
  ];
}

function nothing(): number {
  return 0;
}
