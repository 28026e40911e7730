import type { Registry } from "../../deps/prom_client.ts";
import { registerBuckets } from "./counted_histogram.ts";
import type { DiskDurations } from "./disk_durations.ts";
import { gauge, registerValue } from "./read_value.ts";

/** Adds what the WAL takes in time and bytes. */
export function registerDiskMetrics(registry: Registry, disk: DiskDurations): void {
  registerBuckets(
    registry,
    "etcd_disk_wal_fsync_duration_seconds",
    "The latency of making a WAL write durable.",
    disk.syncSeconds,
  );
  registerBuckets(
    registry,
    "etcd_disk_wal_write_duration_seconds",
    "The latency of handing a WAL write to the operating system.",
    disk.writeSeconds,
  );
  registerValue(
    registry,
    gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the WAL.", () => disk.writtenBytes),
  );
}
