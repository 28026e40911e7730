import assert from "node:assert/strict";
import { formatUrlList, parseUrlList } from "../../base/url_list.ts";
import { silentLogger } from "../../base/log.ts";
import { newConfig } from "./config.ts";
import type { DnsResolver } from "./dns_discovery.ts";
import { ConfigError } from "./errors.ts";
import { newZapLoggerBuilder } from "./zap_logger_builder.ts";

Deno.test("Config has every field of the 2018 package in camelCase", () => {
  const config = newConfig();
  // Durations carry their unit.
  const fields = [
    "corsInfo",
    "lpUrls",
    "lcUrls",
    "dir",
    "walDir",
    "maxSnapFiles",
    "maxWalFiles",
    "name",
    "snapCount",
    "autoCompactionRetention",
    "autoCompactionMode",
    "tickMs",
    "electionMs",
    "quotaBackendBytes",
    "maxTxnOps",
    "maxRequestBytes",
    "grpcKeepAliveMinTimeMs",
    "grpcKeepAliveIntervalMs",
    "grpcKeepAliveTimeoutMs",
    "apUrls",
    "acUrls",
    "clusterState",
    "dnsCluster",
    "dnsClusterServiceName",
    "dproxy",
    "durl",
    "initialCluster",
    "initialClusterToken",
    "strictReconfigCheck",
    "enableV2",
    "clientTlsInfo",
    "clientAutoTls",
    "peerTlsInfo",
    "peerAutoTls",
    "debug",
    "logPkgLevels",
    "logOutput",
    "enablePprof",
    "metrics",
    "listenMetricsUrls",
    "listenMetricsUrlsJson",
    "forceNewCluster",
    "userHandlers",
    "serviceRegister",
    "authToken",
    "experimentalInitialCorruptCheck",
    "experimentalCorruptCheckTimeMs",
    "experimentalEnableV2V3",
  ];
  assert.equal(fields.length, 48);
  for (const field of fields) assert(field in config, field);
});

Deno.test("Config's names of earlier releases are views of today's fields", () => {
  const config = newConfig();
  config.lpUrls = parseUrlList("http://127.0.0.1:1");
  config.lcUrls = parseUrlList("http://127.0.0.1:2");
  config.apUrls = parseUrlList("http://127.0.0.1:3");
  config.acUrls = parseUrlList("http://127.0.0.1:4");
  config.snapCount = 5;
  config.corsInfo = new Set(["http://a:1"]);
  config.debug = true;
  config.logOutput = "stdout";
  config.listenMetricsUrlsJson = "http://127.0.0.1:6";
  config.experimentalInitialCorruptCheck = true;
  config.experimentalCorruptCheckTimeMs = 7;
  config.experimentalCompactHashCheckEnabled = true;
  config.experimentalCompactHashCheckTimeMs = 8;
  assert.equal(formatUrlList(config.listenPeerUrls), "http://127.0.0.1:1");
  assert.equal(formatUrlList(config.listenClientUrls), "http://127.0.0.1:2");
  assert.equal(formatUrlList(config.advertisePeerUrls), "http://127.0.0.1:3");
  assert.equal(formatUrlList(config.advertiseClientUrls), "http://127.0.0.1:4");
  assert.equal(config.snapshotCount, 5);
  assert.deepEqual([...config.cors], ["http://a:1"]);
  assert.equal(config.logLevel, "debug");
  assert.deepEqual(config.logOutputs, ["stdout"]);
  assert.equal(formatUrlList(config.listenMetricsUrls), "http://127.0.0.1:6");
  assert(config.serverFeatureGate.enabled("InitialCorruptCheck"));
  assert.equal(config.corruptCheckTimeMs, 7);
  assert(config.serverFeatureGate.enabled("CompactHashCheck"));
  assert.equal(config.compactHashCheckTimeMs, 8);
  assert.deepEqual(
    [config.lpUrls, config.lcUrls, config.apUrls, config.acUrls].map(formatUrlList),
    [1, 2, 3, 4].map((port) => `http://127.0.0.1:${port}`),
  );
  assert.equal(config.snapCount, 5);
  assert.equal(config.corsInfo, config.cors);
  assert.equal(config.logOutput, "stdout");
  assert.equal(config.listenMetricsUrlsJson, "http://127.0.0.1:6");
  config.listenMetricsUrlsJson = "";
  assert.deepEqual(config.listenMetricsUrls, []);
  config.debug = false;
  assert.equal(config.logLevel, "info");
  config.experimentalInitialCorruptCheck = false;
  assert.deepEqual(config.serverFeatureGate.changedNames(), ["CompactHashCheck"]);
  config.experimentalCompactHashCheckEnabled = false;
  assert.deepEqual(config.serverFeatureGate.changedNames(), []);
  assert.deepEqual(
    [config.experimentalInitialCorruptCheck, config.experimentalCompactHashCheckEnabled],
    [false, false],
  );
  assert.equal(config.experimentalCorruptCheckTimeMs, 7);
  assert.equal(config.experimentalCompactHashCheckTimeMs, 8);
  config.logLevel = "error";
  config.debug = false;
  assert.equal(config.logLevel, "error");
});

Deno.test("Config.electionTicks() divides without a remainder", () => {
  const config = newConfig();
  assert.equal(config.electionTicks(), 10);
  config.tickMs = 300;
  assert.equal(config.electionTicks(), 3);
});

Deno.test("Config.isNewCluster() tells founding from joining", () => {
  const config = newConfig();
  assert(config.isNewCluster());
  config.clusterState = "existing";
  assert(!config.isNewCluster());
});

Deno.test("Config.initialClusterFromName() names every advertised peer URL", () => {
  const config = newConfig();
  assert.equal(config.initialCluster, "default=http://localhost:2380");
  assert.equal(config.initialClusterFromName("a"), "a=http://localhost:2380");
  assert.equal(config.initialClusterFromName(""), "default=http://localhost:2380");
  config.advertisePeerUrls = parseUrlList("http://1:1,http://2:1");
  assert.equal(config.initialClusterFromName("a"), "a=http://1:1,a=http://2:1");
  config.advertisePeerUrls = [];
  assert.equal(config.initialClusterFromName("a"), "");
});

Deno.test("Config.updateDefaultClusterFromName() follows the name unless a cluster is set", () => {
  const config = newConfig();
  const defaultCluster = config.initialCluster;
  config.name = "abc";
  assert.deepEqual(config.updateDefaultClusterFromName(defaultCluster), {
    host: "",
    error: undefined,
  });
  assert.equal(config.initialCluster, "abc=http://localhost:2380");
  config.name = "def";
  config.updateDefaultClusterFromName(defaultCluster);
  assert.equal(config.initialCluster, "abc=http://localhost:2380");
});

Deno.test("Config.updateDefaultClusterFromName() advertises the machine's address", () => {
  const config = newConfig();
  config.name = "abc";
  config.listenPeerUrls = parseUrlList("http://0.0.0.0:12380");
  config.listenClientUrls = parseUrlList("http://0.0.0.0:12379");
  const { host, error } = config.updateDefaultClusterFromName(newConfig().initialCluster);
  if (error === undefined) {
    assert.equal(formatUrlList(config.advertisePeerUrls), `http://${host}:12380`);
    assert.equal(formatUrlList(config.advertiseClientUrls), `http://${host}:12379`);
    assert.equal(config.initialCluster, `abc=http://${host}:12380`);
  } else {
    // A machine without a default route keeps etcd's defaults.
    assert.equal(formatUrlList(config.advertisePeerUrls), "http://localhost:2380");
  }
});

Deno.test("Config.updateDefaultClusterFromName() leaves URLs alone that somebody set", () => {
  const config = newConfig();
  config.listenPeerUrls = parseUrlList("http://0.0.0.0:2380");
  config.advertisePeerUrls = parseUrlList("http://127.0.0.1:2380");
  assert.equal(config.updateDefaultClusterFromName("").host, "");
  assert.equal(formatUrlList(config.advertisePeerUrls), "http://127.0.0.1:2380");
});

Deno.test("Config.peerUrlsMapAndToken() reads the configured cluster", async () => {
  const config = newConfig();
  config.initialCluster = "a=http://1:1,b=http://2:1";
  const { urlsMap, token } = await config.peerUrlsMapAndToken("etcd");
  assert.deepEqual(urlsMap.names(), ["a", "b"]);
  assert.equal(token, "etcd-cluster");
});

Deno.test("Config.peerUrlsMapAndToken() refuses a cluster that cannot be read", async () => {
  const config = newConfig();
  config.initialCluster = "a";
  await assert.rejects(config.peerUrlsMapAndToken("etcd"), ConfigError);
});

Deno.test("Config.peerUrlsMapAndToken() starts discovery with the member itself", async () => {
  const config = newConfig();
  config.discoveryCfg.endpoints = ["http://d:2379"];
  config.discoveryCfg.token = "secret";
  const byEndpoints = await config.peerUrlsMapAndToken("etcd");
  assert.equal(byEndpoints.urlsMap.toString(), "default=http://localhost:2380");
  assert.equal(byEndpoints.token, "secret");
  config.discoveryCfg.endpoints = [];
  config.durl = "http://d/token";
  assert.equal((await config.peerUrlsMapAndToken("etcd")).token, "http://d/token");
});

Deno.test("Config.peerUrlsMapAndToken() finds itself among what DNS says", async () => {
  const config = newConfig();
  config.zapLoggerBuilder = newZapLoggerBuilder(silentLogger);
  config.dnsCluster = "example.com";
  config.name = "n1";
  const asked: DnsResolver[] = [];
  config.getDnsClusterNames = (resolver) => {
    if (resolver !== undefined) asked.push(resolver);
    return Promise.resolve(["n1=https://a.example.com:2380", "0=https://b.example.com:2380"]);
  };
  const { urlsMap } = await config.peerUrlsMapAndToken("etcd");
  assert.deepEqual(urlsMap.names(), ["n1", "0"]);
  assert.equal(config.peerTlsInfo.serverName, "example.com");
  config.name = "other";
  await assert.rejects(
    config.peerUrlsMapAndToken("etcd"),
    new ConfigError('cannot find local etcd member "other" in SRV records'),
  );
  assert.equal((await config.peerUrlsMapAndToken("proxy")).urlsMap.size, 2);
});

Deno.test("Config.getLogger() hands out the logger that a program built", () => {
  const config = newConfig();
  config.zapLoggerBuilder = newZapLoggerBuilder(silentLogger);
  assert.equal(config.getLogger("server"), silentLogger);
});

Deno.test("Config.clone() takes along what is no setting", () => {
  const config = newConfig();
  config.flagsExplicitlySet.add("name");
  config.userHandlers.set("/x", () => new Response("x"));
  config.serviceRegister = () => {};
  config.zapLoggerBuilder = newZapLoggerBuilder(silentLogger);
  config.clientTlsInfo.serverName = "client.example";
  config.peerTlsInfo.serverName = "peer.example";
  const copy = config.clone();
  config.flagsExplicitlySet.clear();
  config.userHandlers.clear();
  assert(copy.flagsExplicitlySet.has("name"));
  assert(copy.userHandlers.has("/x"));
  assert.equal(copy.serviceRegister, config.serviceRegister);
  assert.equal(copy.zapLoggerBuilder, config.zapLoggerBuilder);
  assert.equal(copy.clientTlsInfo.serverName, "client.example");
  assert.equal(copy.peerTlsInfo.serverName, "peer.example");
});
