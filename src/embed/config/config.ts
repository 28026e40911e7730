import type { UserHandler } from "../../api/http/user_handlers.ts";
import type { EndpointUrl } from "../../base/endpoint_url.ts";
import type { Logger } from "../../base/log.ts";
import { formatUrlList, parseUrlList } from "../../base/url_list.ts";
import type { UrlsMap } from "../../base/urls_map.ts";
import { roomLogger } from "../logging.ts";
import { useClientSelfCert, usePeerSelfCert } from "../tls/auto_tls.ts";
import { type DefaultHost, updateDefaultCluster } from "./default_cluster.ts";
import { defaultDiscoveryConfig, type DiscoveryConfig } from "./discovery_config.ts";
import { dnsClusterNames, type DnsResolver, systemDnsResolver } from "./dns_discovery.ts";
import { configFlags, type FlagSet } from "./config_flags.ts";
import type { FeatureGates } from "./feature_gates.ts";
import { inferLocalAddress } from "./local_address.ts";
import { initialClusterOf, peerUrlsMapAndToken } from "./initial_cluster.ts";
import { setUpLogging } from "./log_setup.ts";
import type { ServiceRegistrar } from "./service_registrar.ts";
import { AUTH_SETTINGS } from "./settings_auth.ts";
import { CLUSTERING_SETTINGS } from "./settings_clustering.ts";
import { LEGACY_SETTINGS } from "./settings_legacy.ts";
import { MEMBER_SETTINGS } from "./settings_member.ts";
import { LOGGING_SETTINGS, MONITORING_SETTINGS } from "./settings_monitoring.ts";
import { SECURITY_SETTINGS } from "./settings_security.ts";
import { SETTINGS } from "./settings_table.ts";
import {
  OWN_SETTINGS,
  TRACING_SETTINGS,
  TUNING_SETTINGS,
  UNSAFE_SETTINGS,
} from "./settings_tuning.ts";
import type { SocketOptions } from "./socket_options.ts";
import { emptyTlsInfo, type TlsInfo } from "./tls_info.ts";
import { CLUSTER_STATE_FLAG_NEW } from "./constants.ts";
import { defaultV2ProxyConfig, type V2ProxyConfig } from "./v2_proxy_config.ts";
import { validateConfig } from "./validation.ts";

/**
 * How to run one server. Make one with newConfig() or configFromFile(), change what should differ,
 * and give it to startEtcd(). The name of a field is that of etcd's Go package in camelCase, with
 * its unit behind it where it has one (`Ms` is milliseconds); names that the package had in 2018
 * work too. A field is one of etcd's settings, with etcd's default: the table in
 * docs/COMPATIBILITY.md has the flag, the default and whether detcd obeys it. Nothing is checked
 * before {@linkcode Config.validate}, which {@linkcode startEtcd} calls.
 *
 * @example A server with TLS, by a certificate of its own making (give `clientTlsInfo` a better one)
 * ```ts
 * import { connect, newConfig, parseUrlList, startEtcd } from "@detcd/detcd";
 *
 * const config = newConfig();
 * config.dir = await Deno.makeTempDir();
 * config.listenClientUrls = parseUrlList("https://127.0.0.1:0");
 * config.advertiseClientUrls = parseUrlList("https://127.0.0.1:0");
 * config.clientAutoTls = true;
 * await using etcd = await startEtcd(config);
 *
 * const tls = { insecureSkipVerify: true }; // or `ca`, the authority's certificate
 * await using client = await connect(etcd.clientUrl, { tls });
 * await client.put("greeting", "hello");
 * ```
 *
 * @example A web handler and a port of the embedding program's choice
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * const config = newMemoryConfig();
 * config.userHandlers.set("/hello", () => new Response("hello"));
 * await using etcd = await startEtcd(config);
 * const response = await fetch(`${etcd.clientUrl}/hello`);
 * if (await response.text() !== "hello") throw new Error("not answered");
 * ```
 */
export class Config {
  /** Name of this member. */
  name: string = MEMBER_SETTINGS.name.fresh();
  /** Directory that holds everything the member stores. */
  dir: string = MEMBER_SETTINGS.dir.fresh();
  /** Directory of its own for the write-ahead log, or "" for one in `dir`. */
  walDir: string = MEMBER_SETTINGS.walDir.fresh();
  /** Committed entries after which a snapshot is taken; 0 is 10000. */
  snapshotCount: number = MEMBER_SETTINGS.snapshotCount.fresh();
  /** Entries kept behind a snapshot for followers that are a little late; 0 is 5000. */
  snapshotCatchUpEntries: number = TUNING_SETTINGS.snapshotCatchUpEntries.fresh();
  /** WAL files to keep; older ones are deleted once no snapshot needs them. 0 keeps all. */
  maxWalFiles: number = MEMBER_SETTINGS.maxWalFiles.fresh();
  /** Snapshot files to keep; 0 keeps all. */
  maxSnapFiles: number = LEGACY_SETTINGS.maxSnapFiles.fresh();
  /** Milliseconds between two heartbeats of the leader. */
  tickMs: number = MEMBER_SETTINGS.tickMs.fresh();
  /** Milliseconds without a heartbeat after which a follower stands for election. */
  electionMs: number = MEMBER_SETTINGS.electionMs.fresh();
  /** Whether the first election comes soon after the start. */
  initialElectionTickAdvance: boolean = MEMBER_SETTINGS.initialElectionTickAdvance.fresh();
  /**
   * Longest time between two commits of the backend file; 0 is 100 ms. validate() refuses a negative
   * one.
   */
  backendBatchIntervalMs: number = MEMBER_SETTINGS.backendBatchIntervalMs.fresh();
  /**
   * Changes after which the backend file is committed before that time; 0 is 10000. A negative
   * number commits as often as it can.
   */
  backendBatchLimit: number = MEMBER_SETTINGS.backendBatchLimit.fresh();
  /** How free pages of the file are kept in memory: `array` or `map`, which do the same here. */
  backendFreelistType: string = MEMBER_SETTINGS.backendFreelistType.fresh();
  /** Bytes of stored data beyond which writes are refused; 0 is 2 GiB, negative is no bound. */
  quotaBackendBytes: number = MEMBER_SETTINGS.quotaBackendBytes.fresh();
  /** Most operations in one transaction. */
  maxTxnOps: number = MEMBER_SETTINGS.maxTxnOps.fresh();
  /** Bytes of the largest request that a client may send. */
  maxRequestBytes: number = MEMBER_SETTINGS.maxRequestBytes.fresh();
  /** Most streams that one client connection may have open. */
  maxConcurrentStreams: number = MEMBER_SETTINGS.maxConcurrentStreams.fresh();

  /** URLs to listen on for the other members. */
  listenPeerUrls: EndpointUrl[] = MEMBER_SETTINGS.listenPeerUrls.fresh();
  /** URLs to listen on for clients. */
  listenClientUrls: EndpointUrl[] = MEMBER_SETTINGS.listenClientUrls.fresh();
  /** URLs to listen on for HTTP clients only; the client URLs then serve gRPC only. */
  listenClientHttpUrls: EndpointUrl[] = MEMBER_SETTINGS.listenClientHttpUrls.fresh();
  /** Peer URLs of this member that the other members are told. */
  advertisePeerUrls: EndpointUrl[] = CLUSTERING_SETTINGS.advertisePeerUrls.fresh();
  /** Client URLs of this member that clients are told. */
  advertiseClientUrls: EndpointUrl[] = CLUSTERING_SETTINGS.advertiseClientUrls.fresh();
  /** Further URLs to listen on for metrics and health. */
  listenMetricsUrls: EndpointUrl[] = MONITORING_SETTINGS.listenMetricsUrls.fresh();

  /** TLS towards clients; it matters for `https` and `unixs` URLs alone. */
  clientTlsInfo: TlsInfo = emptyTlsInfo();
  /** Whether clients are served with a certificate that the member makes itself. */
  clientAutoTls: boolean = SECURITY_SETTINGS.clientAutoTls.fresh();
  /** TLS towards other members. Not built: validate() refuses anything but the default. */
  peerTlsInfo: TlsInfo = emptyTlsInfo();
  /** Whether members are talked to with a certificate that the member makes itself. */
  peerAutoTls: boolean = SECURITY_SETTINGS.peerAutoTls.fresh();
  /** Years that a certificate which the member makes itself is valid. */
  selfSignedCertValidityYears: number = SECURITY_SETTINGS.selfSignedCertValidityYears.fresh();
  /** TLS cipher suites that may be used; none lets the runtime choose. */
  cipherSuites: string[] = SECURITY_SETTINGS.cipherSuites.fresh();
  /** Oldest TLS version that is spoken: `TLS1.2` or `TLS1.3`. */
  tlsMinVersion: string = SECURITY_SETTINGS.tlsMinVersion.fresh();
  /** Newest TLS version that is spoken, or "" for the newest there is. */
  tlsMaxVersion: string = SECURITY_SETTINGS.tlsMaxVersion.fresh();
  /** Web origins whose pages may call the HTTP API; `*` is all. */
  cors: Set<string> = SECURITY_SETTINGS.cors.fresh();
  /** Host names that unencrypted HTTP requests may ask for; `*` is all. */
  hostWhitelist: Set<string> = SECURITY_SETTINGS.hostWhitelist.fresh();

  /** `new` for a member that founds its cluster, `existing` for one that joins it. */
  clusterState: string = CLUSTERING_SETTINGS.clusterState.fresh();
  /** DNS domain whose SRV records name the founding members. */
  dnsCluster: string = CLUSTERING_SETTINGS.dnsCluster.fresh();
  /** Suffix of the service name in those SRV records. */
  dnsClusterServiceName: string = CLUSTERING_SETTINGS.dnsClusterServiceName.fresh();
  /** How to find the other members through another etcd cluster. */
  discoveryCfg: DiscoveryConfig = defaultDiscoveryConfig();
  /** What to do when discovery fails: `exit`. */
  discoveryFallback: string = LEGACY_SETTINGS.discoveryFallback.fresh();
  /** URL of a v2 discovery service. */
  durl: string = LEGACY_SETTINGS.durl.fresh();
  /** HTTP proxy on the way to that service. */
  dproxy: string = LEGACY_SETTINGS.dproxy.fresh();
  /** The founding members, as `name=URL` pairs separated by commas. */
  initialCluster: string = "";
  /** Keeps clusters apart that were founded with the same names and URLs. */
  initialClusterToken: string = CLUSTERING_SETTINGS.initialClusterToken.fresh();
  /** Whether member changes that would cost the quorum are refused. */
  strictReconfigCheck: boolean = CLUSTERING_SETTINGS.strictReconfigCheck.fresh();
  /** Whether a member asks if an election could be won before calling one. */
  preVote: boolean = CLUSTERING_SETTINGS.preVote.fresh();
  /** What `autoCompactionRetention` counts: `periodic` or `revision`. */
  autoCompactionMode: string = CLUSTERING_SETTINGS.autoCompactionMode.fresh();
  /** History to keep when compacting by itself; `0` never compacts. */
  autoCompactionRetention: string = CLUSTERING_SETTINGS.autoCompactionRetention.fresh();
  /** Most learners that the cluster may have. */
  maxLearners: number = TUNING_SETTINGS.maxLearners.fresh();

  /** Shortest time that a client must leave between two pings. */
  grpcKeepAliveMinTimeMs: number = MEMBER_SETTINGS.grpcKeepAliveMinTimeMs.fresh();
  /** Time of silence after which the server pings a client; 0 turns it off. */
  grpcKeepAliveIntervalMs: number = MEMBER_SETTINGS.grpcKeepAliveIntervalMs.fresh();
  /** Time that a pinged client has to answer before it is disconnected. */
  grpcKeepAliveTimeoutMs: number = MEMBER_SETTINGS.grpcKeepAliveTimeoutMs.fresh();
  /** Options of the sockets that are listened on. */
  socketOpts: SocketOptions = { reusePort: false, reuseAddress: false };
  /** Whether the API is served as JSON over HTTP too. */
  enableGrpcGateway: boolean = MEMBER_SETTINGS.enableGrpcGateway.fresh();
  /** Time without data after which a connection between members is closed. */
  raftReadTimeoutMs: number = MEMBER_SETTINGS.raftReadTimeoutMs.fresh();
  /** Time that a write to another member may take. */
  raftWriteTimeoutMs: number = MEMBER_SETTINGS.raftWriteTimeoutMs.fresh();
  /** Whether the member's memory is kept from being swapped out. */
  memoryMlock: boolean = MEMBER_SETTINGS.memoryMlock.fresh();

  /** Kind of token that users get, with its options: `simple`, or `jwt,sign-method=RS256,...`. */
  authToken: string = AUTH_SETTINGS.authToken.fresh();
  /** Work spent on hashing a password, from 4 to 31. */
  bcryptCost: number = AUTH_SETTINGS.bcryptCost.fresh();
  /** Seconds that a simple token lives after its last use. */
  authTokenTtlSeconds: number = AUTH_SETTINGS.authTokenTtlSeconds.fresh();

  /**
   * Time between two checks of all data for corruption; 0 never checks. validate() refuses a
   * negative one.
   */
  corruptCheckTimeMs: number = TUNING_SETTINGS.corruptCheckTimeMs.fresh();
  /**
   * Time between two checks of the hashes that compactions leave, if the feature gate
   * `CompactHashCheck` is on. validate() refuses one that is not above 0.
   */
  compactHashCheckTimeMs: number = TUNING_SETTINGS.compactHashCheckTimeMs.fresh();
  /** Revisions that a compaction removes at a time; 0 is 1000. validate() refuses a negative one. */
  compactionBatchLimit: number = TUNING_SETTINGS.compactionBatchLimit.fresh();
  /** Pause between two such removals; 0 is 10 ms, and a negative one is no pause. */
  compactionSleepIntervalMs: number = TUNING_SETTINGS.compactionSleepIntervalMs.fresh();
  /** Time without events after which a watcher that asked is told the revision; 0 is 10 min. */
  watchProgressNotifyIntervalMs: number = TUNING_SETTINGS.watchProgressNotifyIntervalMs.fresh();
  /** Applying an entry that takes longer than so many milliseconds is logged as a warning. */
  warningApplyDurationMs: number = LOGGING_SETTINGS.warningApplyDurationMs.fresh();
  /** A unary request that takes longer than so many milliseconds is logged; 0 logs none. */
  warningUnaryRequestDurationMs: number = LOGGING_SETTINGS.warningUnaryRequestDurationMs.fresh();
  /** Megabytes that a defragmentation at start must free to happen; 0 never does. */
  bootstrapDefragThresholdMegabytes: number = TUNING_SETTINGS.bootstrapDefragThresholdMegabytes
    .fresh();
  /** Time between two looks at a running downgrade. */
  downgradeCheckTimeMs: number = TUNING_SETTINGS.downgradeCheckTimeMs.fresh();

  /** Whether a cluster of this one member is made out of what it has stored. */
  forceNewCluster: boolean = UNSAFE_SETTINGS.forceNewCluster.fresh();
  /** Whether writes are acknowledged before they are safely on disk. */
  unsafeNoFsync: boolean = UNSAFE_SETTINGS.unsafeNoFsync.fresh();
  /** Whether nothing is stored on disk; the data is gone when the server stops. */
  memoryOnly: boolean = OWN_SETTINGS.memoryOnly.fresh();
  /**
   * Bytes of stored pairs to hold in memory: 512 MiB unless set, 1 MiB at least. What is beyond is
   * read from the backend file when somebody asks for it. validate() throws a ConfigError for less,
   * and for anything but the default with `memoryOnly`, which has no file to read from.
   */
  valueCacheBytes: number = OWN_SETTINGS.valueCacheBytes.fresh();
  /**
   * Release of etcd that clients are told and that the data directory is written for: `3.4`, `3.5`,
   * `3.6` or, unless set, `3.7`. validate() throws a ConfigError that names these for any other.
   */
  compatVersion: string = OWN_SETTINGS.compatVersion.fresh();

  /** Whether runtime profiles are served under /debug/pprof/. */
  enablePprof: boolean = MONITORING_SETTINGS.enablePprof.fresh();
  /** Which metrics are served: `basic` or `extensive`. */
  metrics: string = MONITORING_SETTINGS.metrics.fresh();
  /** Whether traces of requests are sent to an OpenTelemetry collector. */
  enableDistributedTracing: boolean = TRACING_SETTINGS.enableDistributedTracing.fresh();
  /** Address of the collector. */
  distributedTracingAddress: string = TRACING_SETTINGS.distributedTracingAddress.fresh();
  /** Service name in traces. */
  distributedTracingServiceName: string = TRACING_SETTINGS.distributedTracingServiceName.fresh();
  /** This member's own ID in traces. */
  distributedTracingServiceInstanceId: string = TRACING_SETTINGS
    .distributedTracingServiceInstanceId.fresh();
  /** Requests to trace out of a million. */
  distributedTracingSamplingRatePerMillion: number = TRACING_SETTINGS
    .distributedTracingSamplingRatePerMillion.fresh();

  /** Form of the log: `zap`. */
  logger: string = LOGGING_SETTINGS.logger.fresh();
  /** Least important lines to log: `debug`, `info`, `warn`, `error` and above. */
  logLevel: string = LOGGING_SETTINGS.logLevel.fresh();
  /** Form of a log line: `json` or `console`. */
  logFormat: string = LOGGING_SETTINGS.logFormat.fresh();
  /** Where log lines go: `default`, `stderr`, `stdout`, `systemd/journal` or paths of files. */
  logOutputs: string[] = LOGGING_SETTINGS.logOutputs.fresh();
  /** Whether a new log file is started when the old one is large. */
  enableLogRotation: boolean = LOGGING_SETTINGS.enableLogRotation.fresh();
  /**
   * When a new log file is started and which old ones are kept, as JSON: `maxsize` in MB (0 is 100),
   * `maxage` in days, `maxbackups` (0 keeps all), `localtime`, `compress`.
   */
  logRotationConfigJson: string = LOGGING_SETTINGS.logRotationConfigJson.fresh();
  /** Log levels for single parts of the server, such as `embed=WARNING,server=DEBUG`. */
  logPkgLevels: string = LEGACY_SETTINGS.logPkgLevels.fresh();

  /** Whether the v2 API is served. */
  enableV2: boolean = LEGACY_SETTINGS.enableV2.fresh();
  /** Prefix of the v3 store under which v2 requests are served. */
  experimentalEnableV2V3: string = LEGACY_SETTINGS.experimentalEnableV2V3.fresh();
  /** The v2 proxy. */
  v2Proxy: V2ProxyConfig = defaultV2ProxyConfig();

  /** Which optional features are on. */
  serverFeatureGate: FeatureGates = MEMBER_SETTINGS.serverFeatureGate.fresh();
  /** The settings that were given on the command line or in the config file. */
  flagsExplicitlySet: Set<string> = new Set();

  /**
   * Answers requests under paths of the embedding program's choice, by path. A path that ends in a
   * slash stands for everything below it, and the longest match wins. What a handler throws is
   * logged and answered with 500. Nothing is protected by users and rights.
   */
  userHandlers: Map<string, UserHandler> = new Map();
  /**
   * Called with each gRPC server before it serves, to add services to it as grpc-js describes them.
   * What it throws makes the start fail.
   */
  serviceRegister: ((server: ServiceRegistrar) => void) | undefined;
  /** Makes the logger of this server; without it lines go where the program configures LogTape. */
  zapLoggerBuilder: ((config: Config) => Logger) | undefined;

  constructor() {
    this.initialCluster = this.initialClusterFromName(this.name);
  }

  /** An independent copy; handlers and loggers are the same ones. */
  clone(): Config {
    const copy = new Config();
    for (const setting of SETTINGS) setting.copy(this, copy);
    copy.clientTlsInfo.serverName = this.clientTlsInfo.serverName;
    copy.peerTlsInfo.serverName = this.peerTlsInfo.serverName;
    copy.flagsExplicitlySet = new Set(this.flagsExplicitlySet);
    copy.userHandlers = new Map(this.userHandlers);
    copy.serviceRegister = this.serviceRegister;
    copy.zapLoggerBuilder = this.zapLoggerBuilder;
    return copy;
  }

  /**
   * Checks the configuration in etcd's order and words. Throws a ConfigError for what etcd would
   * not take either, and a NotBuiltError for what detcd cannot do yet.
   */
  validate(): void {
    validateConfig(this);
  }

  /** Ticks without a heartbeat after which a follower stands for election: `electionMs / tickMs`. */
  electionTicks(): number {
    return Math.floor(this.electionMs / this.tickMs);
  }

  /** Whether the member founds its cluster: `clusterState` is `new`. */
  isNewCluster(): boolean {
    return this.clusterState === CLUSTER_STATE_FLAG_NEW;
  }

  /**
   * The initial cluster that consists of this member alone under the given name, such as
   * `n1=http://localhost:2380`; an empty name is `default`.
   */
  initialClusterFromName(name: string): string {
    return initialClusterOf(name, this.advertisePeerUrls);
  }

  /**
   * Makes the initial cluster follow the member's name, and puts the machine's own address in
   * place of `localhost` in advertised URLs that nobody set while all interfaces are listened on.
   * Never throws: why the address could not be found stands in the result.
   */
  updateDefaultClusterFromName(defaultInitialCluster: string): DefaultHost {
    return updateDefaultCluster(this, defaultInitialCluster);
  }

  /**
   * The founding members with their peer URLs, and the token that their cluster is named by. `which`
   * is `etcd` for a member, which must be among them. Rejects with a ConfigError when
   * `initialCluster` or what DNS says cannot be read, or this member is missing.
   */
  peerUrlsMapAndToken(which: string): Promise<{ urlsMap: UrlsMap; token: string }> {
    return peerUrlsMapAndToken(this, which);
  }

  /**
   * The founding members as DNS names them, in `name=URL` form. Rejects with a ConfigError when
   * `dnsCluster` has no usable SRV records.
   */
  getDnsClusterNames(resolver: DnsResolver = systemDnsResolver): Promise<string[]> {
    return dnsClusterNames(this, resolver);
  }

  /**
   * Makes the certificate that is shown to clients, where `clientAutoTls` asks for it and none is
   * given, in `fixtures/client` of the data directory, and puts its paths into `clientTlsInfo`. What
   * was made before is used again. Starting a server does this too. Rejects with a ConfigError when
   * `selfSignedCertValidityYears` is 0 or the files cannot be written.
   */
  async clientSelfCert(): Promise<void> {
    if (this.clientAutoTls) await useClientSelfCert(this);
  }

  /** The same in `fixtures/peer` for other members, where `peerAutoTls` asks for it. */
  async peerSelfCert(): Promise<void> {
    if (this.peerAutoTls) await usePeerSelfCert(this);
  }

  /**
   * Sends what all servers of this program log to `logOutputs`. A program that embeds a server
   * and neither calls this nor configures LogTape itself sees no log lines. Throws a ConfigError
   * when a setting of the log is wrong or the program has configured LogTape itself, and the system's
   * error when a file cannot be opened.
   */
  setupLogging(): void {
    setUpLogging(this);
  }

  /** The name of `setupLogging()` in today's etcd. */
  setupGlobalLoggers(): void {
    this.setupLogging();
  }

  /**
   * The address that connections to other members leave from, or "" for any: the first address that
   * is advertised to members and not a loopback one, if the feature gate `SetMemberLocalAddr` is on.
   */
  inferLocalAddr(): string {
    return inferLocalAddress(this);
  }

  /**
   * Adds every setting that has a flag to a flag set of the embedding program: whatever has a method
   * `add`.
   *
   * @example
   * ```ts
   * import { type ConfigFlag, newConfig } from "@detcd/detcd";
   *
   * const config = newConfig();
   * const flags = new Map<string, ConfigFlag>();
   * config.addFlags({ add: (flag) => void flags.set(flag.name, flag) });
   *
   * flags.get("snapshot-count")?.set("5000");
   * if (config.snapshotCount !== 5000) throw new Error("not set");
   * ```
   */
  addFlags(flagSet: FlagSet): void {
    for (const flag of configFlags(this)) flagSet.add(flag);
  }

  /** Where the given part of this server logs, such as `embed`; "" is the server as a whole. */
  getLogger(room = ""): Logger {
    return this.zapLoggerBuilder?.(this) ?? roomLogger(room);
  }

  /** The name that `listenPeerUrls` had in 2018. */
  get lpUrls(): EndpointUrl[] {
    return this.listenPeerUrls;
  }
  set lpUrls(urls: EndpointUrl[]) {
    this.listenPeerUrls = urls;
  }

  /** The name that `listenClientUrls` had in 2018. */
  get lcUrls(): EndpointUrl[] {
    return this.listenClientUrls;
  }
  set lcUrls(urls: EndpointUrl[]) {
    this.listenClientUrls = urls;
  }

  /** The name that `advertisePeerUrls` had in 2018. */
  get apUrls(): EndpointUrl[] {
    return this.advertisePeerUrls;
  }
  set apUrls(urls: EndpointUrl[]) {
    this.advertisePeerUrls = urls;
  }

  /** The name that `advertiseClientUrls` had in 2018. */
  get acUrls(): EndpointUrl[] {
    return this.advertiseClientUrls;
  }
  set acUrls(urls: EndpointUrl[]) {
    this.advertiseClientUrls = urls;
  }

  /** The name that `snapshotCount` had in 2018. */
  get snapCount(): number {
    return this.snapshotCount;
  }
  set snapCount(count: number) {
    this.snapshotCount = count;
  }

  /** The name that `cors` had in 2018. */
  get corsInfo(): Set<string> {
    return this.cors;
  }
  set corsInfo(origins: Set<string>) {
    this.cors = origins;
  }

  /** Whether everything is logged, as 2018 asked for it. */
  get debug(): boolean {
    return this.logLevel === "debug";
  }
  set debug(isOn: boolean) {
    if (isOn) this.logLevel = "debug";
    else if (this.debug) this.logLevel = LOGGING_SETTINGS.logLevel.fresh();
  }

  /** `logOutputs` as the one text that it was in 2018. */
  get logOutput(): string {
    return this.logOutputs.join(",");
  }
  set logOutput(output: string) {
    this.logOutputs = output.split(",");
  }

  /** `listenMetricsUrls` as the text that a config file holds. */
  get listenMetricsUrlsJson(): string {
    return formatUrlList(this.listenMetricsUrls);
  }
  set listenMetricsUrlsJson(text: string) {
    this.listenMetricsUrls = text === "" ? [] : parseUrlList(text);
  }

  /** The feature gate `InitialCorruptCheck` under its name of 2018. */
  get experimentalInitialCorruptCheck(): boolean {
    return this.serverFeatureGate.enabled("InitialCorruptCheck");
  }
  set experimentalInitialCorruptCheck(isOn: boolean) {
    this.serverFeatureGate = this.serverFeatureGate.with(`InitialCorruptCheck=${isOn}`);
  }

  /** The name that `corruptCheckTimeMs` had in 2018. */
  get experimentalCorruptCheckTimeMs(): number {
    return this.corruptCheckTimeMs;
  }
  set experimentalCorruptCheckTimeMs(intervalMs: number) {
    this.corruptCheckTimeMs = intervalMs;
  }

  /** The feature gate `CompactHashCheck` under its name of etcd 3.5. */
  get experimentalCompactHashCheckEnabled(): boolean {
    return this.serverFeatureGate.enabled("CompactHashCheck");
  }
  set experimentalCompactHashCheckEnabled(isOn: boolean) {
    this.serverFeatureGate = this.serverFeatureGate.with(`CompactHashCheck=${isOn}`);
  }

  /** The name that `compactHashCheckTimeMs` had in etcd 3.5. */
  get experimentalCompactHashCheckTimeMs(): number {
    return this.compactHashCheckTimeMs;
  }
  set experimentalCompactHashCheckTimeMs(intervalMs: number) {
    this.compactHashCheckTimeMs = intervalMs;
  }
}

/**
 * Makes a configuration in which every setting has etcd's default: the member is called `default`,
 * keeps its data in `default.etcd`, and listens on http://localhost:2379.
 *
 * @example
 * ```ts
 * import { newConfig } from "@detcd/detcd";
 *
 * const config = newConfig();
 * config.name = "n1";
 * config.autoCompactionRetention = "1h";
 * config.updateDefaultClusterFromName(config.initialCluster); // the cluster is called so, too
 * config.validate();
 * ```
 */
export function newConfig(): Config {
  return new Config();
}
