import { systemClock } from "../base/clock.ts";
import { goQuote } from "../base/go_quote.ts";
import { Prng } from "../base/prng.ts";
import { CompatVersion } from "../core/members/compat_version.ts";
import { DenoFileSystem } from "../disk/deno_file_system.ts";
import type { WalObserver } from "../disk/wal.ts";
import type {
  BackendConfig,
  CompactionConfig,
  CorruptionChecksConfig,
  LeaseConfig,
  ServerConfig,
} from "../server/server_config.ts";
import { parseCompactionRetention } from "./config/compaction_retention.ts";
import type { Config } from "./config/config.ts";
import { dataDirectoryOf } from "./config/data_directory.ts";
import { DEFAULT_SNAPSHOT_CATCH_UP_ENTRIES, DEFAULT_SNAPSHOT_COUNT } from "./config/constants.ts";
import { ConfigError, NotBuiltError } from "./config/errors.ts";

/** etcd's own interval when `--watch-progress-notify-interval` is 0. */
const DEFAULT_PROGRESS_NOTIFY_MS = 10 * 60 * 1000;
/** What etcd takes for `--backend-batch-interval` and `--backend-batch-limit` of 0. */
const DEFAULT_BATCH_INTERVAL_MS = 100;
const DEFAULT_BATCH_LIMIT = 10_000;
/** What etcd takes for `--compaction-batch-limit` and `--compaction-sleep-interval` of 0. */
const DEFAULT_COMPACTION_BATCH_LIMIT = 1000;
const DEFAULT_COMPACTION_SLEEP_MS = 10;

const BYTES_PER_MEGABYTE = 1024 * 1024;

/** What the member itself needs of a configuration that has been validated. */
export async function memberConfig(
  config: Config,
  advertiseClientUrls: readonly string[],
  observer: WalObserver,
): Promise<ServerConfig> {
  const { peerUrls, token } = await foundingMember(config);
  return {
    name: config.name,
    disk: config.memoryOnly ? undefined : {
      fileSystem: new DenoFileSystem(),
      dataDir: dataDirectoryOf(config),
      walDir: config.walDir,
      unsafeNoFsync: config.unsafeNoFsync,
    },
    peerUrls,
    clusterToken: token,
    advertiseClientUrls,
    forceNewCluster: config.forceNewCluster,
    tickMs: config.tickMs,
    electionTicks: config.electionTicks(),
    initialElectionTickAdvance: config.initialElectionTickAdvance,
    maxTxnOps: config.maxTxnOps,
    maxRequestBytes: config.maxRequestBytes,
    maxLearners: config.maxLearners,
    quotaBackendBytes: config.quotaBackendBytes,
    autoCompaction: parseCompactionRetention(
      config.autoCompactionMode,
      config.autoCompactionRetention,
    ),
    compatVersion: compatVersionOf(config),
    backend: backendConfig(config),
    compaction: compactionConfig(config),
    corruptionChecks: corruptionChecksConfig(config),
    leases: leaseConfig(config),
    hasPriorityRequests: config.serverFeatureGate.enabled("PriorityRequest"),
    stopsServingOnDefragment: config.serverFeatureGate.enabled("StopGRPCServiceOnDefrag"),
    downgradeCheckMs: config.downgradeCheckTimeMs,
    auth: {
      token: config.authToken,
      tokenTtlSeconds: config.authTokenTtlSeconds,
      bcryptCost: config.bcryptCost,
      usesCommonNames: config.clientTlsInfo.clientCertAuth,
    },
    watchProgressNotifyIntervalMs: config.watchProgressNotifyIntervalMs ||
      DEFAULT_PROGRESS_NOTIFY_MS,
    warningApplyDurationMs: config.warningApplyDurationMs,
    clock: systemClock,
    prng: new Prng(crypto.getRandomValues(new Uint32Array(1))[0]),
    logger: config.getLogger("server"),
    observer,
  };
}

function compatVersionOf({ compatVersion }: Config): CompatVersion {
  const version = CompatVersion.of(compatVersion);
  if (version === undefined) {
    throw new ConfigError(`unknown --compat-version ${goQuote(compatVersion)}`);
  }
  return version;
}

function backendConfig(config: Config): BackendConfig {
  return {
    // Without files there is nowhere to read from what was given up.
    valueCacheBytes: config.memoryOnly ? Infinity : config.valueCacheBytes,
    batchIntervalMs: config.backendBatchIntervalMs || DEFAULT_BATCH_INTERVAL_MS,
    batchLimit: Math.max(1, config.backendBatchLimit || DEFAULT_BATCH_LIMIT),
    snapshotCount: config.snapshotCount || DEFAULT_SNAPSHOT_COUNT,
    snapshotCatchUpEntries: config.snapshotCatchUpEntries || DEFAULT_SNAPSHOT_CATCH_UP_ENTRIES,
    maxWals: config.maxWalFiles,
    maxSnapshots: config.maxSnapFiles,
    bootstrapDefragThresholdBytes: config.bootstrapDefragThresholdMegabytes * BYTES_PER_MEGABYTE,
  };
}

function compactionConfig(config: Config): CompactionConfig {
  return {
    batchLimit: config.compactionBatchLimit || DEFAULT_COMPACTION_BATCH_LIMIT,
    sleepIntervalMs: Math.max(0, config.compactionSleepIntervalMs || DEFAULT_COMPACTION_SLEEP_MS),
  };
}

function corruptionChecksConfig(config: Config): CorruptionChecksConfig {
  const gates = config.serverFeatureGate;
  return {
    initial: gates.enabled("InitialCorruptCheck"),
    intervalMs: config.corruptCheckTimeMs,
    compactHashIntervalMs: gates.enabled("CompactHashCheck") ? config.compactHashCheckTimeMs : 0,
  };
}

function leaseConfig({ serverFeatureGate: gates }: Config): LeaseConfig {
  return {
    checkpoint: gates.enabled("LeaseCheckpoint"),
    persistCheckpoints: gates.enabled("LeaseCheckpointPersist"),
  };
}

/** Checks, in etcd's words, that this member alone founds the cluster. */
async function foundingMember(config: Config): Promise<{ peerUrls: string[]; token: string }> {
  const { urlsMap, token } = await config.peerUrlsMapAndToken("etcd");
  if (!urlsMap.has(config.name)) {
    throw new ConfigError(
      `couldn't find local name ${goQuote(config.name)} in the initial cluster configuration`,
    );
  }
  // Who is left of a cluster is still called with the flags of all.
  if (urlsMap.size > 1 && !config.forceNewCluster) {
    throw new NotBuiltError(
      `--initial-cluster names ${urlsMap.size} members: clusters of more than one member are ` +
        "not supported yet",
    );
  }
  const peerUrls = urlsMap.get(config.name).map(String).sort();
  checkAdvertised(config, peerUrls, urlsMap.toString());
  return { peerUrls, token };
}

function checkAdvertised(config: Config, peerUrls: readonly string[], cluster: string): void {
  const advertised = config.advertisePeerUrls.map(String);
  const missing = peerUrls.find((url) => !advertised.includes(url));
  if (missing !== undefined) {
    throw new ConfigError(
      `--initial-cluster has ${config.name}=${missing} but missing from ` +
        `--initial-advertise-peer-urls=${advertised.join(",")}`,
    );
  }
  const extra = advertised.find((url) => !peerUrls.includes(url));
  if (extra !== undefined) {
    throw new ConfigError(
      `--initial-advertise-peer-urls has ${extra} but missing from --initial-cluster=${cluster}`,
    );
  }
}
