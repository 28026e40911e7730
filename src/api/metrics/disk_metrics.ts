import type { EtcdServer } from "../../server/etcd_server.ts";
import type { DiskDurations } from "./disk_durations.ts";
import { gauge, histogram, type MetricFamily } from "./family.ts";

/** What the files take in time and bytes. */
export function diskMetrics(server: EtcdServer, disk: DiskDurations): MetricFamily[] {
  return [...walMetrics(disk), ...backendMetrics(server), ...snapshotFileMetrics(server)];
}

function walMetrics(disk: DiskDurations): MetricFamily[] {
  return [
    histogram(
      "etcd_disk_wal_fsync_duration_seconds",
      "The latency of making a WAL write durable.",
      disk.syncSeconds,
    ),
    histogram(
      "etcd_disk_wal_write_duration_seconds",
      "The latency of handing a WAL write to the operating system.",
      disk.writeSeconds,
    ),
    gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the WAL.", () => disk.writtenBytes),
  ];
}

function backendMetrics({ backend, hashes }: EtcdServer): MetricFamily[] {
  const { durations } = backend;
  return [
    histogram(
      "etcd_disk_backend_commit_duration_seconds",
      "The latency of bringing what was applied into the backend file.",
      durations.commits,
    ),
    histogram(
      "etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
      "The part of a commit in which small nodes are united.",
      durations.rebalances,
    ),
    histogram(
      "etcd_debugging_disk_backend_commit_spill_duration_seconds",
      "The part of a commit in which nodes become pages, which are handed to the operating system.",
      durations.spills,
    ),
    histogram(
      "etcd_debugging_disk_backend_commit_write_duration_seconds",
      "The part of a commit in which it is made durable.",
      durations.writes,
    ),
    histogram(
      "etcd_disk_backend_defrag_duration_seconds",
      "The latency of defragmenting the backend file.",
      durations.defragmentations,
    ),
    histogram(
      "etcd_disk_backend_snapshot_duration_seconds",
      "How long the backend file was pinned for a backup.",
      durations.snapshots,
    ),
    gauge(
      "etcd_disk_defrag_inflight",
      "Whether the backend file is being defragmented: 1 yes, 0 no.",
      () => Number(backend.isDefragmenting),
    ),
    histogram(
      "etcd_mvcc_hash_duration_seconds",
      "The latency of hashing the backend file.",
      durations.hashes,
    ),
    histogram(
      "etcd_mvcc_hash_rev_duration_seconds",
      "The latency of hashing the store up to a revision.",
      hashes.durations,
    ),
  ];
}

function snapshotFileMetrics({ backend: { durations } }: EtcdServer): MetricFamily[] {
  return [
    histogram(
      "etcd_debugging_snap_save_total_duration_seconds",
      "The latency of writing a snapshot file, which says from where on the log is needed.",
      durations.snapshotFiles,
    ),
    histogram(
      "etcd_debugging_snap_save_marshalling_duration_seconds",
      "The part of that in which it is encoded.",
      durations.snapshotFileEncodings,
    ),
    histogram(
      "etcd_snap_fsync_duration_seconds",
      "The part of that in which it is written and made durable.",
      durations.snapshotFileSyncs,
    ),
  ];
}
