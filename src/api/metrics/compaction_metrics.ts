import type { EtcdServer } from "../../server/etcd_server.ts";
import { counter, gauge, histogram, type MetricFamily } from "./family.ts";

const PREFIX = "etcd_debugging_mvcc";

/** What compactions removed, and how long others had to wait for them. */
export function compactionMetrics({ store, counts: { compactions } }: EtcdServer): MetricFamily[] {
  const { markingPausesMs, removalPausesMs, totalsMs } = compactions;
  return [
    counter(
      `${PREFIX}_db_compaction_keys_total`,
      "Changes that compactions removed.",
      () => store.counters.compactedChanges,
    ),
    gauge(
      `${PREFIX}_db_compaction_last`,
      "When the last compaction ended, in seconds since 1970; 0 if there was none since the start.",
      () => compactions.lastWallSeconds,
    ),
    histogram(
      `${PREFIX}_index_compaction_pause_duration_milliseconds`,
      "How long others waited while compactions found out what is superseded, slice by slice.",
      markingPausesMs,
    ),
    histogram(
      `${PREFIX}_db_compaction_pause_duration_milliseconds`,
      "How long others waited while compactions removed what is superseded, slice by slice.",
      removalPausesMs,
    ),
    histogram(
      `${PREFIX}_db_compaction_total_duration_milliseconds`,
      "How long compactions took from beginning to end.",
      totalsMs,
    ),
  ];
}
