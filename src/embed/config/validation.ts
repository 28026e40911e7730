import type { EndpointUrl } from "../../base/endpoint_url.ts";
import { formatGoDuration, nanosecondsFromMilliseconds } from "../../base/go_duration.ts";
import { goQuote } from "../../base/go_quote.ts";
import type { LogFields } from "../../base/log.ts";
import { AddressError, isIpAddress, splitHostPort } from "../../base/host_port.ts";
import { formatUrlList } from "../../base/url_list.ts";
import type { Config } from "./config.ts";
import {
  CLUSTER_STATE_FLAG_EXISTING,
  CLUSTER_STATE_FLAG_NEW,
  COMPACTOR_MODE_PERIODIC,
  COMPACTOR_MODE_REVISION,
  DEFAULT_LOG_OUTPUT,
  DEFAULT_NAME,
  DEFAULT_VALUE_CACHE_BYTES,
  JOURNAL_LOG_OUTPUT,
  STD_ERR_LOG_OUTPUT,
  STD_OUT_LOG_OUTPUT,
} from "./constants.ts";
import {
  ConfigError,
  ERR_CONFLICT_BOOTSTRAP_FLAGS,
  ERR_LOG_ROTATION_INVALID_LOG_OUTPUT,
  ERR_UNSET_ADVERTISE_CLIENT_URLS_FLAG,
  NotBuiltError,
} from "./errors.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import { parseLogRotation } from "../log/rotation_config.ts";
import { LOG_FORMATS, severityOf } from "../log/log_line.ts";
import { displayName } from "./setting.ts";
import { SETTINGS } from "./settings_table.ts";

/** Checks in etcd's order, so that the first complaint is the one that etcd would make. */
export function validateConfig(config: Config): void {
  checkValues(config);
  checkLogging(config);
  checkUrls(config);
  checkBootstrap(config);
  checkTimings(config);
  // etcd looks for missing lists only here, behind the timings.
  if (config.listenClientUrls.length > 0 && config.advertiseClientUrls.length === 0) {
    throw ERR_UNSET_ADVERTISE_CLIENT_URLS_FLAG;
  }
  checkCompaction(config);
  checkTracing(config);
  checkFeatureGates(config);
  checkHashCheckTime(config);
  warnOfDefaultName(config);
  checkTls(config);
  checkMemoryOnly(config);
  checkBuilt(config);
}

/** Checks what the log needs; this comes first, because all that follows may log. */
export function checkLogging(config: Config): void {
  if (config.logger === "capnslog") throw new ConfigError("--logger=capnslog is removed in v3.5");
  if (config.logger !== "zap") {
    throw new ConfigError(`unknown logger option ${goQuote(config.logger)}`);
  }
  if (config.logOutputs.length === 0) config.logOutputs = [DEFAULT_LOG_OUTPUT];
  checkLogOutputs(config.logOutputs);
  if (config.enableLogRotation) checkLogRotation(config);
  if (severityOf(config.logLevel) === undefined) {
    throw new ConfigError(`unrecognized level: ${goQuote(config.logLevel)}`);
  }
  if (!LOG_FORMATS.includes(config.logFormat)) {
    throw new ConfigError(
      `unknown log format: ${config.logFormat}, supported values json, console`,
    );
  }
}

function checkLogOutputs(outputs: readonly string[]): void {
  if (outputs.length > 1 && outputs.includes(DEFAULT_LOG_OUTPUT)) {
    throw new ConfigError(
      `multi logoutput for ${goQuote(DEFAULT_LOG_OUTPUT)} is not supported yet`,
    );
  }
  if (outputs.length > 1 && outputs.includes(JOURNAL_LOG_OUTPUT)) {
    throw new ConfigError(
      `running with systemd/journal but other '--log-outputs' values ([${
        outputs.map(goQuote).join(" ")
      }]) are configured with 'default'; override 'default' value with something else`,
    );
  }
  if (outputs.includes("")) {
    throw new ConfigError('open sink "": open : no such file or directory');
  }
}

function checkLogRotation(config: Config): void {
  const streams = [DEFAULT_LOG_OUTPUT, STD_ERR_LOG_OUTPUT, STD_OUT_LOG_OUTPUT];
  const fileCount = config.logOutputs.filter((output) => !streams.includes(output)).length;
  if (fileCount > 1 || (fileCount === 0 && config.logOutputs.length === 1)) {
    throw ERR_LOG_ROTATION_INVALID_LOG_OUTPUT;
  }
  parseLogRotation(config.logRotationConfigJson);
}

function checkUrls(config: Config): void {
  checkBindUrls(config.listenPeerUrls);
  checkBindUrls(config.listenClientUrls);
  checkBindUrls(config.listenClientHttpUrls);
  if (config.listenClientHttpUrls.length === 0) {
    warnOnce(
      config,
      "Running http and grpc server on single port. This is not recommended for production.",
    );
  }
  checkBindUrls(config.listenMetricsUrls);
  checkAdvertised(
    config.advertisePeerUrls,
    (list, why) => `--initial-advertise-peer-urls ${list} must be "host:port" (${why})`,
  );
  checkAdvertised(
    config.advertiseClientUrls,
    (list, why) =>
      `--advertise-client-urls ${list} must be in the format "host:port", ` +
      `"unix:/path/to/socket" or "unixs:/path/to/socket" (${why})`,
  );
}

const warnings = new WeakMap<Config, Set<string>>();

/** A configuration is validated again when its server starts, and one warning is enough. */
function warnOnce(config: Config, message: string, fields: LogFields = {}): void {
  const known = warnings.get(config) ?? new Set();
  if (known.has(message)) return;
  warnings.set(config, known.add(message));
  config.getLogger("embed").warn(message, fields);
}

/** Names other than `localhost` could mean any address, so only addresses are listened on. */
function checkBindUrls(urls: readonly EndpointUrl[]): void {
  for (const url of urls) {
    if (isSocketPath(url)) continue;
    const host = hostOf(url);
    if (host !== "localhost" && !isIpAddress(host)) {
      throw new ConfigError(`expected IP in URL for binding (${url})`);
    }
  }
}

function checkAdvertised(
  urls: readonly EndpointUrl[],
  message: (list: string, why: string) => string,
): void {
  try {
    for (const url of urls) {
      if (!isSocketPath(url) && hostOf(url) === "") {
        throw new ConfigError(`unexpected empty host (${url})`);
      }
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(message(goQuote(formatUrlList(urls)), error.message), { cause: error });
  }
}

function isSocketPath(url: EndpointUrl): boolean {
  return url.scheme === "unix" || url.scheme === "unixs";
}

function hostOf(url: EndpointUrl): string {
  try {
    return splitHostPort(url.host).host;
  } catch (error) {
    if (error instanceof AddressError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}

function checkBootstrap(config: Config): void {
  const { endpoints, token } = config.discoveryCfg;
  const state = config.clusterState;
  if (state !== CLUSTER_STATE_FLAG_NEW && state !== CLUSTER_STATE_FLAG_EXISTING) {
    throw new ConfigError(`unexpected clusterState ${goQuote(state)}`);
  }
  const hasDiscovery = endpoints.length > 0 || config.durl !== "";
  const ways = [config.initialCluster !== "", config.dnsCluster !== "", hasDiscovery];
  if (ways.filter(Boolean).length > 1) throw ERR_CONFLICT_BOOTSTRAP_FLAGS;
  if ((token !== "") !== (endpoints.length > 0)) {
    throw new ConfigError("both --discovery-token and --discovery-endpoints must be set");
  }
  if (endpoints.some((endpoint) => endpoint.trim() === "")) {
    throw new ConfigError("--discovery-endpoints must not contain empty endpoints");
  }
}

function checkTimings(config: Config): void {
  const { tickMs, electionMs } = config;
  if (tickMs === 0) throw new ConfigError("--heartbeat-interval must be >0 (set to 0ms)");
  if (electionMs === 0) throw new ConfigError("--election-timeout must be >0 (set to 0ms)");
  if (5 * tickMs > electionMs) {
    throw new ConfigError(
      `--election-timeout[${electionMs}ms] should be at least as 5 times as ` +
        `--heartbeat-interval[${tickMs}ms]`,
    );
  }
  if (electionMs > CONFIG_LIMITS.electionMs) {
    throw new ConfigError(
      `--election-timeout[${electionMs}ms] is too long, and should be set less than ` +
        `${CONFIG_LIMITS.electionMs}ms`,
    );
  }
}

function checkCompaction({ autoCompactionMode: mode }: Config): void {
  if (mode === "") throw new ConfigError("undefined auto-compaction-mode");
  if (mode !== COMPACTOR_MODE_PERIODIC && mode !== COMPACTOR_MODE_REVISION) {
    throw new ConfigError(`unknown auto-compaction-mode ${goQuote(mode)}`);
  }
}

function checkTracing(config: Config): void {
  if (!config.enableDistributedTracing) return;
  const rate = config.distributedTracingSamplingRatePerMillion;
  const limit = CONFIG_LIMITS.tracingSamplesPerMillion;
  if (rate < 0) throw tracingError("tracing sampling rate must be positive");
  if (rate > limit) throw tracingError(`tracing sampling rate must be less than ${limit}`);
}

/** The spelling is etcd's, which people search for. */
function tracingError(why: string): ConfigError {
  return new ConfigError(`distributed tracing configurition is not valid: (${why})`);
}

function checkFeatureGates(config: Config): void {
  const { serverFeatureGate: gates } = config;
  if (gates.enabled("LeaseCheckpoint") && !gates.enabled("LeaseCheckpointPersist")) {
    warnOnce(
      config,
      "Detected that checkpointing is enabled without persistence. " +
        "Consider enabling feature gate LeaseCheckpointPersist",
    );
  }
  if (gates.enabled("LeaseCheckpointPersist") && !gates.enabled("LeaseCheckpoint")) {
    throw new ConfigError(
      "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint",
    );
  }
}

function checkHashCheckTime({ compactHashCheckTimeMs }: Config): void {
  if (compactHashCheckTimeMs > 0) return;
  const text = formatGoDuration(nanosecondsFromMilliseconds(compactHashCheckTimeMs));
  throw new ConfigError(`--compact-hash-check-time must be >0 (set to ${text})`);
}

/** Two members of one name would be taken for one member with two URLs. */
function warnOfDefaultName(config: Config): void {
  if (config.name !== DEFAULT_NAME) return;
  warnOnce(
    config,
    "it isn't recommended to use default name, please set a value for --name. Note that etcd might " +
      "run into issue when multiple members have the same default name",
    { name: config.name },
  );
}

const TLS_VERSIONS = ["", "TLS1.2", "TLS1.3"];

function checkTls(config: Config): void {
  const { tlsMinVersion: min, tlsMaxVersion: max } = config;
  for (const version of [min, max]) {
    if (!TLS_VERSIONS.includes(version)) {
      throw new ConfigError(
        `unexpected TLS version ${goQuote(version)} (must be one of: TLS1.2, TLS1.3)`,
      );
    }
  }
  if (max !== "" && TLS_VERSIONS.indexOf(min) > TLS_VERSIONS.indexOf(max)) {
    throw new ConfigError(`min version (${min}) is greater than max version (${max})`);
  }
  if (min === "TLS1.3" && config.cipherSuites.length > 0) {
    throw new ConfigError("cipher suites cannot be configured when only TLS1.3 is enabled");
  }
}

function checkMemoryOnly(config: Config): void {
  if (!config.memoryOnly) return;
  // A directory that nothing is written to would be taken for a place where data is safe.
  if (config.dir !== "" || config.walDir !== "") {
    throw new ConfigError("--memory-only stores nothing, so it excludes --data-dir and --wal-dir");
  }
  if (config.clientAutoTls || config.peerAutoTls) {
    throw new ConfigError(
      "--memory-only stores nothing, not even certificates, so it excludes --auto-tls and " +
        "--peer-auto-tls",
    );
  }
  // A bound on memory must not be taken for one that holds.
  if (config.valueCacheBytes !== DEFAULT_VALUE_CACHE_BYTES) {
    throw new ConfigError(
      "--memory-only holds all data in memory, so it excludes --value-cache-bytes",
    );
  }
}

/** Looks for what single values cannot be, such as numbers that Go's types keep away from etcd. */
function checkValues(config: Config): void {
  for (const setting of SETTINGS) {
    const complaint = setting.complaintOf(config);
    if (complaint !== undefined) throw new ConfigError(`${displayName(setting)} ${complaint}`);
  }
}

/** Nothing that somebody sets is ever ignored: what is not built is refused. */
function checkBuilt(config: Config): void {
  for (const setting of SETTINGS) {
    // Who is left of a cluster is still called with the flags of all.
    if (config.forceNewCluster && setting.field === "initialCluster") continue;
    const reason = setting.refusalOf(config);
    if (reason === undefined) continue;
    const value = setting.isSecret ? "" : `=${setting.textOf(config)}`;
    throw new NotBuiltError(`${displayName(setting)}${value} is refused: ${reason}`);
  }
}
