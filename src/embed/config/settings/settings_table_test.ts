import assert from "node:assert/strict";
import { newConfig } from "../config.ts";
import { configFromText } from "../config_file.ts";
import { configTableForDocs } from "../docs_table.ts";
import { environmentName, SECTIONS, type Setting } from "./setting.ts";
import { settingOfFlag, SETTINGS } from "./settings_table.ts";

/** Every flag of etcd's main with its default, as etcd's documentation lists them. */
const MAIN_FLAGS: Readonly<Record<string, string>> = {
  "name": "default",
  "data-dir": "${name}.etcd",
  "wal-dir": "",
  "snapshot-count": "10000",
  "heartbeat-interval": "100",
  "election-timeout": "1000",
  "initial-election-tick-advance": "true",
  "listen-peer-urls": "http://localhost:2380",
  "listen-client-urls": "http://localhost:2379",
  "listen-client-http-urls": "",
  "max-wals": "5",
  "memory-mlock": "false",
  "quota-backend-bytes": "0",
  "backend-bbolt-freelist-type": "map",
  "backend-batch-interval": "0s",
  "backend-batch-limit": "0",
  "max-txn-ops": "128",
  "max-request-bytes": "1572864",
  "max-concurrent-streams": "4294967295",
  "grpc-keepalive-min-time": "5s",
  "grpc-keepalive-interval": "2h",
  "grpc-keepalive-timeout": "20s",
  "socket-reuse-port": "false",
  "socket-reuse-address": "false",
  "enable-grpc-gateway": "true",
  "raft-read-timeout": "5s",
  "raft-write-timeout": "5s",
  "feature-gates": "",
  "initial-advertise-peer-urls": "http://localhost:2380",
  "initial-cluster": "default=http://localhost:2380",
  "initial-cluster-state": "new",
  "initial-cluster-token": "etcd-cluster",
  "advertise-client-urls": "http://localhost:2379",
  "discovery-token": "",
  "discovery-endpoints": "",
  "discovery-dial-timeout": "2s",
  "discovery-request-timeout": "5s",
  "discovery-keepalive-time": "2s",
  "discovery-keepalive-timeout": "6s",
  "discovery-insecure-transport": "true",
  "discovery-insecure-skip-tls-verify": "false",
  "discovery-cert": "",
  "discovery-key": "",
  "discovery-cacert": "",
  "discovery-user": "",
  "discovery-password": "",
  "discovery-fallback": "exit",
  "discovery-srv": "",
  "discovery-srv-name": "",
  "strict-reconfig-check": "true",
  "pre-vote": "true",
  "auto-compaction-retention": "0",
  "auto-compaction-mode": "periodic",
  "cert-file": "",
  "key-file": "",
  "client-cert-file": "",
  "client-key-file": "",
  "client-cert-auth": "false",
  "client-crl-file": "",
  "client-cert-allowed-hostname": "",
  "trusted-ca-file": "",
  "auto-tls": "false",
  "peer-cert-file": "",
  "peer-key-file": "",
  "peer-client-cert-file": "",
  "peer-client-key-file": "",
  "peer-client-cert-auth": "false",
  "peer-trusted-ca-file": "",
  "peer-auto-tls": "false",
  "peer-crl-file": "",
  "peer-cert-allowed-cn": "",
  "peer-cert-allowed-hostname": "",
  "peer-skip-client-san-verification": "false",
  "self-signed-cert-validity": "1",
  "cipher-suites": "",
  "cors": "*",
  "host-whitelist": "*",
  "tls-min-version": "TLS1.2",
  "tls-max-version": "",
  "auth-token": "simple",
  "bcrypt-cost": "10",
  "auth-token-ttl": "300",
  "enable-pprof": "false",
  "metrics": "basic",
  "listen-metrics-urls": "",
  "logger": "zap",
  "log-outputs": "default",
  "log-level": "info",
  "log-format": "json",
  "enable-log-rotation": "false",
  "log-rotation-config-json":
    '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}',
  "warning-unary-request-duration": "300ms",
  "warning-apply-duration": "100ms",
  "enable-distributed-tracing": "false",
  "distributed-tracing-address": "localhost:4317",
  "distributed-tracing-service-name": "etcd",
  "distributed-tracing-instance-id": "",
  "distributed-tracing-sampling-rate": "0",
  "corrupt-check-time": "0s",
  "compact-hash-check-time": "1m",
  "compaction-batch-limit": "0",
  "compaction-sleep-interval": "0s",
  "watch-progress-notify-interval": "0s",
  "downgrade-check-time": "5s",
  "bootstrap-defrag-threshold-megabytes": "0",
  "max-learners": "1",
  "snapshot-catchup-entries": "5000",
  "force-new-cluster": "false",
  "unsafe-no-fsync": "false",
};

/** Flags that only earlier releases have, with their defaults where ours are the same. */
const EARLIER_FLAGS: Readonly<Record<string, string>> = {
  "max-snapshots": "5",
  "discovery": "",
  "discovery-proxy": "",
  "enable-v2": "false",
  "experimental-enable-v2v3": "",
  "proxy": "off",
  "proxy-failure-wait": "5000",
  "proxy-refresh-interval": "30000",
  "proxy-dial-timeout": "1000",
  "proxy-write-timeout": "5000",
  "proxy-read-timeout": "0",
  "ca-file": "",
  "peer-ca-file": "",
  "debug": "false",
  "log-package-levels": "",
  "log-output": "default",
  "experimental-initial-corrupt-check": "false",
  "experimental-corrupt-check-time": "0s",
  "experimental-compact-hash-check-enabled": "false",
  "experimental-compact-hash-check-time": "1m",
};

const IGNORED_FLAGS = [
  "cluster-active-size",
  "cluster-remove-delay",
  "cluster-sync-interval",
  "config",
  "force",
  "max-result-buffer",
  "max-retry-attempts",
  "peer-heartbeat-interval",
  "peer-election-timeout",
  "retry-interval",
  "snapshot",
  "v",
  "vv",
  "test.coverprofile",
  "test.outputdir",
  "v2-deprecation",
];

/** Flags that etcd does not have, with our defaults. */
const OWN_FLAGS: Readonly<Record<string, string>> = {
  "memory-only": "false",
  "value-cache-bytes": "536870912",
  "compat-version": "3.7",
};

/** For each kind of value: a flag's text, a file's text, and the text of what both mean. */
const SAMPLES: Readonly<Record<string, readonly [string, string, string]>> = {
  "string": ["some text", "some text", "some text"],
  "bool": ["TRUE", "yes", "true"],
  "uint": ["0x20", "0x20", "32"],
  "uint32": ["1_000", "1000", "1000"],
  "int": ["-7", "-7", "-7"],
  "duration": ["90s", "90000000000", "1m30s"],
  "URL list": [
    "http://b:2,http://a:1",
    '"http://b:2, http://a:1"',
    "http://a:1,http://b:2",
  ],
  "origins": ["http://b:2,http://a:1", "http://b:2,http://a:1", "http://a:1,http://b:2"],
  "names": ["b,a", "b,a", "a,b"],
  "list": ["a,b", "[a, b]", "a,b"],
  "gates": ["InitialCorruptCheck=true", "InitialCorruptCheck=true", "InitialCorruptCheck=true"],
  "new|existing": ["existing", "existing", "existing"],
  "exit|proxy": ["proxy", "proxy", "proxy"],
  "off|readonly|on": ["readonly", "readonly", "readonly"],
};

function sampleOf(setting: Setting): readonly [string, string, string] {
  // 2018's switch for debug logging is a view of the level, not a value of its own.
  const sample = SAMPLES[setting.kindName];
  assert(sample !== undefined, `no sample for ${setting.kindName}`);
  // What is true already must become false, or nothing would be seen to change.
  if (setting.kindName === "bool" && setting.defaultText === "true") return ["0", "off", "false"];
  return sample;
}

function fileTextOf(path: readonly string[], value: string): string {
  return path.map((key, depth) => `${" ".repeat(depth)}${key}:`).join("\n") + ` ${value}\n`;
}

const REAL_SETTINGS = SETTINGS.filter((setting) => setting.status !== "ignored");

Deno.test("SETTINGS has every flag of etcd's main and our own with its default", () => {
  const flags = { ...MAIN_FLAGS, ...EARLIER_FLAGS, ...OWN_FLAGS };
  for (const [flag, defaultText] of Object.entries(flags)) {
    const setting = settingOfFlag(flag);
    assert(setting !== undefined, `--${flag} is missing`);
    assert.equal(setting.defaultText, defaultText, flag);
  }
});

Deno.test("SETTINGS has no flag that etcd does not have, except our own", () => {
  const known = [
    ...Object.keys(MAIN_FLAGS),
    ...Object.keys(EARLIER_FLAGS),
    ...IGNORED_FLAGS,
    ...Object.keys(OWN_FLAGS),
  ];
  const flags = SETTINGS.flatMap((setting) => setting.flag ?? []);
  assert.deepEqual(flags.toSorted(), known.toSorted());
});

Deno.test("SETTINGS gives every setting a place of its own", () => {
  const keys = REAL_SETTINGS.map((setting) => setting.fileKey.join(": "));
  assert.equal(new Set(keys).size, keys.length);
  const fields = REAL_SETTINGS.map((setting) => setting.field);
  assert.equal(new Set(fields).size, fields.length);
});

Deno.test("newConfig() has the default of every setting", () => {
  const config = newConfig();
  for (const setting of SETTINGS) {
    assert(!setting.isChanged(config), `${setting.field} is ${setting.textOf(config)}`);
    assert.equal(setting.refusalOf(config), undefined, setting.field);
    assert.equal(setting.complaintOf(config), undefined, setting.field);
  }
});

Deno.test("every setting takes a flag's text", () => {
  for (const setting of REAL_SETTINGS) {
    const config = newConfig();
    const [flagText, , meaning] = sampleOf(setting);
    setting.setFromText(config, flagText);
    assert.equal(setting.textOf(config), meaning, setting.field);
    assert(setting.isChanged(config), setting.field);
  }
});

Deno.test("every setting takes what stands in a config file", () => {
  for (const setting of REAL_SETTINGS) {
    const [, fileText, meaning] = sampleOf(setting);
    const config = configFromText("x.yml", fileTextOf(setting.fileKey, fileText));
    assert.equal(setting.textOf(config), meaning, setting.fileKey.join(": "));
  }
});

Deno.test("no setting is ignored: each one obeys or refuses", () => {
  for (const setting of REAL_SETTINGS) {
    const config = newConfig();
    setting.setFromText(config, sampleOf(setting)[0]);
    if (setting.status !== "refused") continue;
    assert(setting.refusalOf(config)?.includes("detcd does not have this feature yet"));
  }
});

/** What decides when and how the state goes to the files, by flag, with a value to be obeyed. */
const STORAGE_VALUES: Readonly<Record<string, string>> = {
  "snapshot-count": "300",
  "snapshot-catchup-entries": "100",
  "max-wals": "2",
  "max-snapshots": "0",
  "backend-batch-interval": "1s",
  "backend-batch-limit": "5",
  "backend-bbolt-freelist-type": "array",
  "compaction-batch-limit": "10",
  "compaction-sleep-interval": "1ms",
  "bootstrap-defrag-threshold-megabytes": "100",
  "corrupt-check-time": "4h",
  "compact-hash-check-time": "30s",
  "feature-gates": "InitialCorruptCheck=true,CompactHashCheck=true",
  "experimental-initial-corrupt-check": "true",
  "experimental-corrupt-check-time": "4h",
  "experimental-compact-hash-check-enabled": "true",
  "experimental-compact-hash-check-time": "30s",
  "value-cache-bytes": "1048576",
  "compat-version": "3.4",
};

Deno.test("Config.validate() takes the settings of storage together and each alone", () => {
  const all = newConfig();
  for (const [flag, text] of Object.entries(STORAGE_VALUES)) {
    const alone = newConfig();
    for (const config of [alone, all]) settingOfFlag(flag)?.setFromText(config, text);
    alone.validate();
    assert.equal(settingOfFlag(flag)?.textOf(alone), text);
  }
  all.validate();
});

Deno.test("a copy of a configuration takes every setting along and shares none", () => {
  const config = newConfig();
  for (const setting of REAL_SETTINGS) setting.setFromText(config, sampleOf(setting)[0]);
  const texts = REAL_SETTINGS.map((setting) => setting.textOf(config));
  const copy = config.clone();
  assert.deepEqual(REAL_SETTINGS.map((setting) => setting.textOf(copy)), texts);
  config.listenClientUrls.pop();
  config.cors.add("http://c:3");
  config.logOutputs.push("c");
  config.clientTlsInfo.certFile = "changed";
  config.clientTlsInfo.allowedCns.push("c");
  config.discoveryCfg.endpoints.push("c");
  config.discoveryCfg.token = "changed";
  config.v2Proxy.mode = "on";
  config.socketOpts.reusePort = false;
  assert.deepEqual(REAL_SETTINGS.map((setting) => setting.textOf(copy)), texts);
});

Deno.test("environmentName() makes etcd's names of variables", () => {
  assert.equal(environmentName("listen-client-urls"), "ETCD_LISTEN_CLIENT_URLS");
  assert.equal(environmentName("experimental-enable-v2v3"), "ETCD_EXPERIMENTAL_ENABLE_V2V3");
});

Deno.test("configTableForDocs() has a line for every setting under its section", () => {
  const text = configTableForDocs();
  for (const section of SECTIONS) assert(text.includes(`### ${section}\n`), section);
  for (const setting of SETTINGS) {
    const name = setting.flag === undefined ? setting.fileKey.join(": ") : `--${setting.flag}`;
    assert(text.includes(`\`${name}\``), name);
  }
  const rows = text.split("\n").filter((line) => line.startsWith("| `") || line.startsWith("|  |"));
  assert.equal(rows.length, SETTINGS.length);
});

Deno.test("configTableForDocs() tells what works from what has no effect", () => {
  const rows = configTableForDocs().split("\n");
  const statuses = ["max-wals", "initial-cluster", "backend-bbolt-freelist-type", "enable-v2"]
    .map((flag) => rows.find((row) => row.startsWith(`| \`--${flag}\``))?.split(" | ")[6]);
  assert.deepEqual(statuses, [
    "works",
    "works in part",
    "accepted; all values do the same",
    "not built: refused unless default",
  ]);
});
