import type { EtcdServer } from "../../server/etcd_server.ts";
import { counter, gauge, histogram, type MetricFamily } from "./family.ts";

/** The last minor version of etcd 3 that counted under debugging names too. */
const LAST_MINOR_WITH_DEBUGGING_NAMES = 4;

/** What the key-value store and its leases hold and did. */
export function storeMetrics(server: EtcdServer): MetricFamily[] {
  return [
    ...sizeMetrics(server),
    ...operationMetrics(server, "etcd_mvcc"),
    ...keyMetrics(server),
    ...leaseMetrics(server),
    ...oldMetrics(server),
    gauge(
      "etcd_debugging_auth_revision",
      "The revision of users, roles and permissions.",
      () => server.auth.revision,
    ),
  ];
}

function sizeMetrics({ backend }: EtcdServer): MetricFamily[] {
  return [
    totalSizeMetric("etcd_mvcc", backend),
    gauge(
      "etcd_mvcc_db_total_size_in_use_in_bytes",
      "Bytes of the backend file that hold data.",
      () => backend.inUseBytes,
    ),
    gauge(
      "etcd_mvcc_db_open_read_transactions",
      "How often the backend file is pinned for reading.",
      () => backend.file.openReadCount,
    ),
  ];
}

function totalSizeMetric(prefix: string, backend: EtcdServer["backend"]): MetricFamily {
  return gauge(
    `${prefix}_db_total_size_in_bytes`,
    "Bytes that the backend file takes.",
    () => backend.sizeBytes,
  );
}

function operationMetrics({ store: { counters } }: EtcdServer, prefix: string): MetricFamily[] {
  return [
    counter(`${prefix}_range_total`, "Ranges read.", () => counters.ranges),
    counter(`${prefix}_put_total`, "Puts applied.", () => counters.puts),
    counter(`${prefix}_delete_total`, "Deletes applied.", () => counters.deletes),
    counter(
      `${prefix}_txn_total`,
      "Transactions of more than one operation.",
      () => counters.txns,
    ),
  ];
}

/** etcd 3.4 counted the same under two names; rules of that time may read either. */
function oldMetrics(server: EtcdServer): MetricFamily[] {
  if (server.config.compatVersion.minor > LAST_MINOR_WITH_DEBUGGING_NAMES) return [];
  const prefix = "etcd_debugging_mvcc";
  return [totalSizeMetric(prefix, server.backend), ...operationMetrics(server, prefix)];
}

function keyMetrics({ store }: EtcdServer): MetricFamily[] {
  return [
    gauge("etcd_debugging_mvcc_keys_total", "Live keys.", () => store.keyCount),
    gauge(
      "etcd_debugging_mvcc_total_put_size_in_bytes",
      "Bytes of all keys and values that were put.",
      () => store.counters.putBytes,
    ),
    gauge(
      "etcd_debugging_mvcc_current_revision",
      "The current revision of the store.",
      () => store.currentRevision,
    ),
    gauge(
      "etcd_debugging_mvcc_compact_revision",
      "The revision up to which the store was last compacted.",
      () => store.compactedRevision,
    ),
  ];
}

function leaseMetrics(server: EtcdServer): MetricFamily[] {
  const { leases } = server.counts;
  return [
    counter(
      "etcd_debugging_lease_granted_total",
      "Leases granted.",
      () => leases.leasesGranted,
    ),
    counter(
      "etcd_debugging_lease_revoked_total",
      "Leases revoked.",
      () => leases.leasesRevoked,
    ),
    counter(
      "etcd_debugging_lease_renewed_total",
      "Leases renewed.",
      () => leases.leasesRenewed,
    ),
    histogram(
      "etcd_debugging_lease_ttl_total",
      "The times to live that leases were granted, in seconds.",
      leases.grantedTtls,
    ),
    counter(
      "etcd_debugging_server_lease_expired_total",
      "Leases revoked because their time was up.",
      () => server.expiredLeaseCount,
    ),
  ];
}
