import { formatId } from "../../core/members/member_id.ts";
import { NO_MEMBER } from "../../core/raft/raft_node.ts";
import { alarmTypeName } from "../../core/alarms/alarms.ts";
import { Gauge, type Registry } from "../../deps/prom_client.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { DETCD_VERSION } from "../../server/versions.ts";
import type { HealthCounts } from "../http/health.ts";
import { registerBuckets } from "./counted_histogram.ts";
import { registerLabel } from "./label_gauge.ts";
import { counter, gauge, type ReadValue, registerValue } from "./read_value.ts";

/**
 * Fills a registry with everything that can be read off a running server. Nothing is counted
 * twice: the numbers are taken from the server when somebody scrapes.
 */
export function registerServerMetrics(
  registry: Registry,
  server: EtcdServer,
  health: HealthCounts,
): void {
  for (const value of [...serverValues(server, health), ...storeValues(server)]) {
    registerValue(registry, value);
  }
  registerLabels(registry, server);
  registerAlarms(registry, server);
  registerBuckets(
    registry,
    "etcd_mvcc_hash_rev_duration_seconds",
    "The latency of hashing the store up to a revision.",
    server.hashes.durations,
  );
  const { commits, defragmentations, snapshots } = server.backend.durations;
  registerBuckets(
    registry,
    "etcd_disk_backend_commit_duration_seconds",
    "The latency of bringing what was applied into the backend file.",
    commits,
  );
  registerBuckets(
    registry,
    "etcd_disk_backend_defrag_duration_seconds",
    "The latency of defragmenting the backend file.",
    defragmentations,
  );
  registerBuckets(
    registry,
    "etcd_disk_backend_snapshot_duration_seconds",
    "How long the backend file was pinned for a backup.",
    snapshots,
  );
}

function serverValues(server: EtcdServer, health: HealthCounts): ReadValue[] {
  return [
    gauge(
      "etcd_server_has_leader",
      "Whether a leader is known: 1 yes, 0 no.",
      () => Number(server.leader !== NO_MEMBER),
    ),
    gauge(
      "etcd_server_is_leader",
      "Whether this member leads: 1 yes, 0 no.",
      () => Number(server.leads),
    ),
    gauge("etcd_server_is_learner", "Whether this member is a learner: 1 yes, 0 no.", () => 0),
    counter(
      "etcd_server_leader_changes_seen_total",
      "Changes of the leader that this member has seen.",
      () => server.leaderChangeCount,
    ),
    counter(
      "etcd_server_heartbeat_send_failures_total",
      "Heartbeats of a leader that left too late.",
      () => 0,
    ),
    gauge(
      "etcd_server_proposals_committed_total",
      "The index of the last committed entry.",
      () => server.committedIndex,
    ),
    gauge(
      "etcd_server_proposals_applied_total",
      "The index of the last applied entry.",
      () => server.appliedIndex,
    ),
    gauge(
      "etcd_server_proposals_pending",
      "Proposals of this member that wait to be applied.",
      () => server.pendingProposalCount,
    ),
    counter(
      "etcd_server_proposals_failed_total",
      "Proposals of this member that were given up.",
      () => server.failedProposalCount,
    ),
    counter(
      "etcd_server_slow_apply_total",
      "Applies that took longer than --warning-apply-duration.",
      () => server.slowApplyCount,
    ),
    gauge(
      "etcd_server_quota_backend_bytes",
      "The bound on the bytes that the store may take; negative when there is none.",
      () => server.quota.quotaBytes,
    ),
    counter(
      "etcd_server_health_success",
      "Times that /health said yes.",
      () => health.success,
    ),
    counter("etcd_server_health_failures", "Times that /health said no.", () => health.failures),
    counter(
      "etcd_debugging_server_lease_expired_total",
      "Leases revoked because their time was up.",
      () => server.expiredLeaseCount,
    ),
  ];
}

function storeValues(server: EtcdServer): ReadValue[] {
  const { store, hub, backend } = server;
  return [
    gauge(
      "etcd_mvcc_db_total_size_in_bytes",
      "Bytes that the backend file takes.",
      () => backend.sizeBytes,
    ),
    gauge(
      "etcd_mvcc_db_total_size_in_use_in_bytes",
      "Bytes of the backend file that hold data.",
      () => backend.inUseBytes,
    ),
    counter("etcd_mvcc_range_total", "Ranges served.", () => store.counters.ranges),
    counter("etcd_mvcc_put_total", "Puts applied.", () => store.counters.puts),
    counter("etcd_mvcc_delete_total", "Deletes applied.", () => store.counters.deletes),
    counter("etcd_mvcc_txn_total", "Transactions applied.", () => store.counters.txns),
    gauge("etcd_debugging_mvcc_keys_total", "Live keys.", () => store.keyCount),
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
    gauge("etcd_debugging_mvcc_watcher_total", "Watchers.", () => hub.watcherCount),
    gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams.", () => hub.streamCount),
    gauge(
      "etcd_debugging_mvcc_slow_watcher_total",
      "Watchers that are behind.",
      () => hub.laggingWatcherCount,
    ),
    counter("etcd_debugging_mvcc_events_total", "Events delivered.", () => hub.deliveredEventCount),
    counter(
      "etcd_debugging_lease_granted_total",
      "Leases granted.",
      () => server.leaseCounts.leasesGranted,
    ),
    counter(
      "etcd_debugging_lease_revoked_total",
      "Leases revoked.",
      () => server.leaseCounts.leasesRevoked,
    ),
    counter(
      "etcd_debugging_lease_renewed_total",
      "Leases renewed.",
      () => server.leaseCounts.leasesRenewed,
    ),
  ];
}

/** The gauges that are always 1 and say something by their label. */
function registerLabels(registry: Registry, server: EtcdServer): void {
  const label = (name: string, help: string, labelName: string, value: () => string) =>
    registerLabel(registry, name, help, labelName, value);
  const { compatVersion } = server.config;
  label("etcd_server_id", "The member's ID.", "server_id", () => formatId(server.memberId));
  label(
    "etcd_server_version",
    "The etcd version served.",
    "server_version",
    () => compatVersion.release,
  );
  label("detcd_version", "The version of detcd that runs.", "version", () => DETCD_VERSION);
  label(
    "etcd_cluster_version",
    "The version that the cluster has agreed on.",
    "cluster_version",
    () => server.membership.clusterVersion ?? "not_decided",
  );
}

/** A line for each alarm that is raised. */
function registerAlarms(registry: Registry, server: EtcdServer): void {
  new Gauge({
    name: "etcd_debugging_server_alarms",
    help: "1 for each alarm that a member has raised.",
    labelNames: ["server_id", "alarm_type"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { memberId, alarm } of server.alarms.list()) {
        this.labels(formatId(memberId), alarmTypeName(alarm)).set(1);
      }
    },
  });
}
