import assert from "node:assert/strict";
import * as detcd from "../../mod.ts";

/** The names of Go's package `embed` in February 2018 and what stands for them; units in the names. */

const SECOND_MS = 1_000;

const CONSTANTS: Readonly<Record<string, unknown>> = {
  CLUSTER_STATE_FLAG_NEW: "new",
  CLUSTER_STATE_FLAG_EXISTING: "existing",
  DEFAULT_NAME: "default",
  DEFAULT_MAX_SNAPSHOTS: 5,
  DEFAULT_MAX_WALS: 5,
  DEFAULT_MAX_TXN_OPS: 128,
  DEFAULT_MAX_REQUEST_BYTES: 1.5 * 1024 * 1024,
  DEFAULT_GRPC_KEEP_ALIVE_MIN_TIME_MS: 5 * SECOND_MS,
  DEFAULT_GRPC_KEEP_ALIVE_INTERVAL_MS: 2 * 3_600 * SECOND_MS,
  DEFAULT_GRPC_KEEP_ALIVE_TIMEOUT_MS: 20 * SECOND_MS,
  DEFAULT_LISTEN_PEER_URLS: "http://localhost:2380",
  DEFAULT_LISTEN_CLIENT_URLS: "http://localhost:2379",
  DEFAULT_LOG_OUTPUT: "default",
  DEFAULT_STRICT_RECONFIG_CHECK: true,
  // The one that is another: etcd has not had the v2 API on since 3.4, and has none any more.
  DEFAULT_ENABLE_V2: false,
  DEFAULT_INITIAL_ADVERTISE_PEER_URLS: "http://localhost:2380",
  DEFAULT_ADVERTISE_CLIENT_URLS: "http://localhost:2379",
  COMPACTOR_MODE_PERIODIC: "periodic",
  COMPACTOR_MODE_REVISION: "revision",
};

const ERRORS: Readonly<Record<string, string>> = {
  ERR_CONFLICT_BOOTSTRAP_FLAGS: "multiple discovery or bootstrap flags are set. Choose one of " +
    '"initial-cluster", "discovery-endpoints" or "discovery-srv"',
  ERR_UNSET_ADVERTISE_CLIENT_URLS_FLAG:
    "--advertise-client-urls is required when --listen-client-urls is set explicitly",
};

const CONFIG_METHODS = [
  "clientSelfCert",
  "electionTicks",
  "getDnsClusterNames",
  "initialClusterFromName",
  "isNewCluster",
  "peerSelfCert",
  "peerUrlsMapAndToken",
  "setupLogging",
  "updateDefaultClusterFromName",
  "validate",
];

const SERVER_METHODS = ["readyNotify", "stop", "stopNotify", "stoppingNotify"];

Deno.test("mod.ts exports every constant and error of the 2018 package", () => {
  const exported: Readonly<Record<string, unknown>> = detcd;
  for (const [name, value] of Object.entries(CONSTANTS)) assert.equal(exported[name], value, name);
  for (const [name, message] of Object.entries(ERRORS)) {
    const error = exported[name];
    assert(error instanceof detcd.ConfigError, name);
    assert.equal(error.message, message);
  }
});

Deno.test("mod.ts exports every function, type and method of the 2018 package", async () => {
  const { Config, configFromFile, Etcd, newConfig, newMemoryConfig, startEtcd } = detcd;
  assert(newConfig() instanceof Config);
  assert.equal(typeof configFromFile, "function");
  const methodsOf = (object: object, names: readonly string[]) =>
    names.filter((name) => typeof Reflect.get(object, name) === "function");
  assert.deepEqual(methodsOf(newConfig(), CONFIG_METHODS), CONFIG_METHODS);
  await using etcd = await startEtcd(newMemoryConfig());
  assert(etcd instanceof Etcd);
  assert.deepEqual(methodsOf(etcd, ["close", "config", "err"]), ["close", "config", "err"]);
  assert.deepEqual(methodsOf(etcd.server, SERVER_METHODS), SERVER_METHODS);
  assert.deepEqual([etcd.peers.length, etcd.clients.length], [0, 1]);
});
