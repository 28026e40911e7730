import { systemClock } from "../base/clock.ts";
import { goQuote } from "../base/go_quote.ts";
import { Prng } from "../base/prng.ts";
import { DenoFileSystem } from "../disk/deno_file_system.ts";
import type { WalObserver } from "../disk/wal.ts";
import type { ServerConfig } from "../server/server_config.ts";
import { parseCompactionRetention } from "./config/compaction_retention.ts";
import type { Config } from "./config/config.ts";
import { ConfigError, NotBuiltError } from "./config/errors.ts";

/** etcd's own interval when `--watch-progress-notify-interval` is 0. */
const DEFAULT_PROGRESS_NOTIFY_MS = 10 * 60 * 1000;

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
      dataDir: config.dir === "" ? `${config.name}.etcd` : config.dir,
      walDir: config.walDir,
      unsafeNoFsync: config.unsafeNoFsync,
    },
    peerUrls,
    clusterToken: token,
    advertiseClientUrls,
    tickMs: config.tickMs,
    electionTicks: config.electionTicks(),
    maxTxnOps: config.maxTxnOps,
    maxRequestBytes: config.maxRequestBytes,
    quotaBackendBytes: config.quotaBackendBytes,
    autoCompaction: parseCompactionRetention(
      config.autoCompactionMode,
      config.autoCompactionRetention,
    ),
    watchProgressNotifyIntervalMs: config.watchProgressNotifyIntervalMs ||
      DEFAULT_PROGRESS_NOTIFY_MS,
    warningApplyDurationMs: config.warningApplyDurationMs,
    clock: systemClock,
    prng: new Prng(crypto.getRandomValues(new Uint32Array(1))[0]),
    logger: config.getLogger("server"),
    observer,
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
  if (urlsMap.size > 1) {
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
