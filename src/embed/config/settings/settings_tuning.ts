import { CompatVersion } from "../../../core/members/compat_version.ts";
import {
  DEFAULT_COMPACT_HASH_CHECK_TIME_MS,
  DEFAULT_DISTRIBUTED_TRACING_ADDRESS,
  DEFAULT_DISTRIBUTED_TRACING_SERVICE_NAME,
  DEFAULT_DOWNGRADE_CHECK_TIME_MS,
  DEFAULT_MAX_LEARNERS,
  DEFAULT_SNAPSHOT_CATCH_UP_ENTRIES,
  DEFAULT_VALUE_CACHE_BYTES,
} from "../constants.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import {
  BOOL,
  DURATION,
  INT,
  NON_NEGATIVE_DURATION,
  NON_NEGATIVE_INT,
  TEXT,
  UINT,
  uintFrom,
  wordKind,
} from "./scalar_kinds.ts";
import { own, rowsOf } from "./setting.ts";

const traceRow = rowsOf("Distributed tracing");
const row = rowsOf("Tuning");
const unsafeRow = rowsOf("Unsafe");
const ownRow = rowsOf("Of detcd only");

/** Traces of single requests, sent to an OpenTelemetry collector. */
export const TRACING_SETTINGS = {
  enableDistributedTracing: traceRow(BOOL, own("enableDistributedTracing"), {
    flag: "enable-distributed-tracing",
    default: false,
    status: "works",
    help: "Send traces of requests to an OpenTelemetry collector.",
  }),
  distributedTracingAddress: traceRow(TEXT, own("distributedTracingAddress"), {
    flag: "distributed-tracing-address",
    default: DEFAULT_DISTRIBUTED_TRACING_ADDRESS,
    status: "works",
    help: "Address of the collector.",
  }),
  distributedTracingServiceName: traceRow(TEXT, own("distributedTracingServiceName"), {
    flag: "distributed-tracing-service-name",
    default: DEFAULT_DISTRIBUTED_TRACING_SERVICE_NAME,
    status: "works",
    help: "Service name in traces; the same on all members.",
  }),
  distributedTracingServiceInstanceId: traceRow(
    TEXT,
    own("distributedTracingServiceInstanceId"),
    {
      flag: "distributed-tracing-instance-id",
      default: "",
      status: "works",
      help: "This member's own ID in traces.",
    },
  ),
  distributedTracingSamplingRatePerMillion: traceRow(
    INT,
    own("distributedTracingSamplingRatePerMillion"),
    {
      flag: "distributed-tracing-sampling-rate",
      default: 0,
      status: "works",
      help: "Requests to trace out of a million.",
    },
  ),
};

/** Knobs that few turn. */
export const TUNING_SETTINGS = {
  corruptCheckTimeMs: row(NON_NEGATIVE_DURATION, own("corruptCheckTimeMs"), {
    flag: "corrupt-check-time",
    default: 0,
    status: "works",
    help: "Time between two checks of all data for corruption (0s never checks).",
  }),
  compactHashCheckTimeMs: row(DURATION, own("compactHashCheckTimeMs"), {
    flag: "compact-hash-check-time",
    default: DEFAULT_COMPACT_HASH_CHECK_TIME_MS,
    status: "works",
    help: "Time between two checks of the hashes that compactions leave, if " +
      "--feature-gates=CompactHashCheck=true is given.",
  }),
  compactionBatchLimit: row(NON_NEGATIVE_INT, own("compactionBatchLimit"), {
    flag: "compaction-batch-limit",
    default: 0,
    status: "works",
    help: "Revisions that a compaction removes at a time (0 is 1000).",
  }),
  compactionSleepIntervalMs: row(DURATION, own("compactionSleepIntervalMs"), {
    flag: "compaction-sleep-interval",
    default: 0,
    status: "works",
    help: "Pause between two such removals (0s is 10ms).",
  }),
  watchProgressNotifyIntervalMs: row(DURATION, own("watchProgressNotifyIntervalMs"), {
    flag: "watch-progress-notify-interval",
    default: 0,
    status: "works",
    help: "Time without events after which a watcher that asked for it is told the revision " +
      "(0s is 10m).",
  }),
  downgradeCheckTimeMs: row(DURATION, own("downgradeCheckTimeMs"), {
    flag: "downgrade-check-time",
    default: DEFAULT_DOWNGRADE_CHECK_TIME_MS,
    status: "works",
    help: "Time between two looks at a running downgrade.",
  }),
  bootstrapDefragThresholdMegabytes: row(UINT, own("bootstrapDefragThresholdMegabytes"), {
    flag: "bootstrap-defrag-threshold-megabytes",
    default: 0,
    status: "works",
    help: "Defragment at start when that frees this many megabytes (0 never does).",
  }),
  maxLearners: row(INT, own("maxLearners"), {
    flag: "max-learners",
    default: DEFAULT_MAX_LEARNERS,
    status: "works",
    help: "Most learners that the cluster may have.",
  }),
  snapshotCatchUpEntries: row(UINT, own("snapshotCatchUpEntries"), {
    flag: "snapshot-catchup-entries",
    default: DEFAULT_SNAPSHOT_CATCH_UP_ENTRIES,
    status: "works",
    help: "Entries kept behind a snapshot for followers that are a little late (0 is 5000).",
  }),
};

/** What may cost data. */
export const UNSAFE_SETTINGS = {
  forceNewCluster: unsafeRow(BOOL, own("forceNewCluster"), {
    flag: "force-new-cluster",
    default: false,
    status: "works",
    help: "Make a cluster of this one member out of what it has stored.",
  }),
  unsafeNoFsync: unsafeRow(BOOL, own("unsafeNoFsync"), {
    flag: "unsafe-no-fsync",
    default: false,
    status: "works",
    help: "Acknowledge writes before they are safely on disk. A crash may lose them.",
  }),
};

/** What etcd does not have. */
export const OWN_SETTINGS = {
  memoryOnly: ownRow(BOOL, own("memoryOnly"), {
    flag: "memory-only",
    default: false,
    status: "works",
    help: "Store nothing on disk. The data is gone when the server stops; meant for tests.",
  }),
  valueCacheBytes: ownRow(uintFrom(CONFIG_LIMITS.leastValueCacheBytes), own("valueCacheBytes"), {
    flag: "value-cache-bytes",
    default: DEFAULT_VALUE_CACHE_BYTES,
    status: "works",
    help: "Bytes of stored pairs to hold in memory; the rest is read from the backend file " +
      "(512 MiB unless set, at least 1 MiB).",
  }),
  compatVersion: ownRow(wordKind(...CompatVersion.lines()), own("compatVersion"), {
    flag: "compat-version",
    default: CompatVersion.newest.line,
    status: "works",
    help: "Release of etcd that clients are told and that the data directory is written for: " +
      `${CompatVersion.lines().join(", ")}.`,
  }),
};
