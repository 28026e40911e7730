import assert from "node:assert/strict";
import { EndpointUrl } from "../../base/endpoint_url.ts";
import type { LogFields, Logger } from "../../base/log.ts";
import { silentLogger } from "../../base/log.ts";
import { parseUrlList } from "../../base/url_list.ts";
import { type Config, newConfig } from "./config.ts";
import {
  ConfigError,
  ERR_CONFLICT_BOOTSTRAP_FLAGS,
  ERR_LOG_ROTATION_INVALID_LOG_OUTPUT,
  ERR_UNSET_ADVERTISE_CLIENT_URLS_FLAG,
  NotBuiltError,
} from "./errors.ts";
import { newZapLoggerBuilder } from "./zap_logger_builder.ts";

type Change = (config: Config) => void;

function complaintAfter(...changes: Change[]): ConfigError {
  const config = newConfig();
  for (const change of changes) change(config);
  try {
    config.validate();
  } catch (error) {
    assert(error instanceof ConfigError);
    return error;
  }
  throw new Error("nothing was complained about");
}

/** Mistakes in the order in which etcd looks for them, each with its complaint. */
const MISTAKES: readonly (readonly [Change, string])[] = [
  [(config) => config.logger = "capnslog", "--logger=capnslog is removed in v3.5"],
  [
    (config) => config.logOutputs = ["default", "stdout"],
    'multi logoutput for "default" is not supported yet',
  ],
  [(config) => config.logLevel = "loud", 'unrecognized level: "loud"'],
  [
    (config) => config.logFormat = "xml",
    "unknown log format: xml, supported values json, console",
  ],
  [
    (config) => config.listenPeerUrls = parseUrlList("http://example.com:2380"),
    "expected IP in URL for binding (http://example.com:2380)",
  ],
  [
    (config) => config.listenClientUrls = parseUrlList("http://a.example:2379"),
    "expected IP in URL for binding (http://a.example:2379)",
  ],
  [
    (config) => config.listenClientHttpUrls = parseUrlList("http://b.example:1"),
    "expected IP in URL for binding (http://b.example:1)",
  ],
  [
    (config) => config.listenMetricsUrls = [EndpointUrl.parse("http://nowhere")],
    "address nowhere: missing port in address",
  ],
  [
    (config) => config.advertisePeerUrls = parseUrlList("http://:2380"),
    '--initial-advertise-peer-urls "http://:2380" must be "host:port" ' +
    "(unexpected empty host (http://:2380))",
  ],
  [
    (config) => config.advertiseClientUrls = parseUrlList("http://:2379,http://a:1"),
    '--advertise-client-urls "http://:2379,http://a:1" must be in the format "host:port", ' +
    '"unix:/path/to/socket" or "unixs:/path/to/socket" (unexpected empty host (http://:2379))',
  ],
  [(config) => config.clusterState = "old", 'unexpected clusterState "old"'],
  [
    (config) => {
      config.initialCluster = "default=http://localhost:2380";
      config.dnsCluster = "example.com";
    },
    "multiple discovery or bootstrap flags are set. Choose one of " +
    '"initial-cluster", "discovery-endpoints" or "discovery-srv"',
  ],
  [
    (config) => {
      config.discoveryCfg.token = "t";
      config.discoveryCfg.endpoints = [];
    },
    "both --discovery-token and --discovery-endpoints must be set",
  ],
  [
    (config) => {
      config.initialCluster = "";
      config.discoveryCfg.token = "t";
      config.discoveryCfg.endpoints = [" "];
    },
    "--discovery-endpoints must not contain empty endpoints",
  ],
  [(config) => config.tickMs = 0, "--heartbeat-interval must be >0 (set to 0ms)"],
  [(config) => config.electionMs = 0, "--election-timeout must be >0 (set to 0ms)"],
  [
    (config) => {
      config.tickMs = 201;
      config.electionMs = 1000;
    },
    "--election-timeout[1000ms] should be at least as 5 times as --heartbeat-interval[201ms]",
  ],
  [
    (config) => {
      config.tickMs = 100;
      config.electionMs = 50_001;
    },
    "--election-timeout[50001ms] is too long, and should be set less than 50000ms",
  ],
  [
    (config) => config.advertiseClientUrls = [],
    "--advertise-client-urls is required when --listen-client-urls is set explicitly",
  ],
  [(config) => config.autoCompactionMode = "", "undefined auto-compaction-mode"],
  [(config) => config.autoCompactionMode = "x", 'unknown auto-compaction-mode "x"'],
  [
    (config) => {
      config.enableDistributedTracing = true;
      config.distributedTracingSamplingRatePerMillion = -1;
    },
    "distributed tracing configurition is not valid: (tracing sampling rate must be positive)",
  ],
  [
    (config) => {
      config.enableDistributedTracing = true;
      config.distributedTracingSamplingRatePerMillion = 1_000_001;
    },
    "distributed tracing configurition is not valid: " +
    "(tracing sampling rate must be less than 1000000)",
  ],
  [
    (config) => {
      config.serverFeatureGate = config.serverFeatureGate.with("LeaseCheckpointPersist=true");
    },
    "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint",
  ],
  [
    (config) => config.compactHashCheckTimeMs = -60_000,
    "--compact-hash-check-time must be >0 (set to -1m0s)",
  ],
  [
    (config) => config.tlsMinVersion = "TLS1.1",
    'unexpected TLS version "TLS1.1" (must be one of: TLS1.2, TLS1.3)',
  ],
  [
    (config) => {
      config.tlsMinVersion = "TLS1.3";
      config.tlsMaxVersion = "TLS1.2";
    },
    "min version (TLS1.3) is greater than max version (TLS1.2)",
  ],
  [
    (config) => {
      config.tlsMinVersion = "TLS1.3";
      config.tlsMaxVersion = "";
      config.cipherSuites = ["TLS_AES_128_GCM_SHA256"];
    },
    "cipher suites cannot be configured when only TLS1.3 is enabled",
  ],
  [
    (config) => {
      config.memoryOnly = true;
      config.dir = "somewhere";
    },
    "--memory-only stores nothing, so it excludes --data-dir and --wal-dir",
  ],
  [
    (config) => {
      config.memoryOnly = true;
      config.valueCacheBytes = 2 ** 30;
    },
    "--memory-only holds all data in memory, so it excludes --value-cache-bytes",
  ],
  [
    (config) => config.enableV2 = true,
    "--enable-v2=true is refused: detcd does not have this feature yet and would ignore the " +
    "setting; only its default, false, works",
  ],
];

Deno.test("Config.validate() complains in etcd's words", () => {
  for (const [change, message] of MISTAKES) {
    assert.equal(complaintAfter(change).message, message);
  }
});

Deno.test("Config.validate() looks for mistakes in etcd's order", () => {
  for (let first = 0; first < MISTAKES.length - 1; first++) {
    // The later mistake is made first, so that it cannot undo the earlier one.
    const message = complaintAfter(MISTAKES[first + 1][0], MISTAKES[first][0]).message;
    assert.equal(message, MISTAKES[first][1]);
  }
});

Deno.test("Config.validate() accepts every setting at etcd's bounds", () => {
  const config = newConfig();
  config.tickMs = 200;
  config.electionMs = 1000;
  config.validate();
  config.electionMs = 50_000;
  config.validate();
  config.listenClientUrls = parseUrlList("http://[::1]:0,http://0.0.0.0:1");
  config.quotaBackendBytes = -1;
  config.autoCompactionRetention = "";
  config.autoCompactionMode = "revision";
  config.validate();
  config.quotaBackendBytes = 16 * 1024 ** 3;
  config.autoCompactionRetention = "1h30m";
  config.logOutputs = [];
  config.validate();
  assert.deepEqual(config.logOutputs, ["default"]);
});

Deno.test("Config.validate() throws the errors that embedders compare with", () => {
  assert.equal(complaintAfter((config) => config.durl = "http://d"), ERR_CONFLICT_BOOTSTRAP_FLAGS);
  assert.equal(
    complaintAfter((config) => config.acUrls = []),
    ERR_UNSET_ADVERTISE_CLIENT_URLS_FLAG,
  );
  assert.equal(
    complaintAfter((config) => config.enableLogRotation = true),
    ERR_LOG_ROTATION_INVALID_LOG_OUTPUT,
  );
});

Deno.test("Config.validate() checks the log's settings as etcd does", () => {
  const cases: [Change, string][] = [
    [(config) => config.logger = "other", 'unknown logger option "other"'],
    [
      (config) => config.logOutputs = ["systemd/journal", "stdout"],
      "running with systemd/journal but other '--log-outputs' values " +
      '(["systemd/journal" "stdout"]) are configured with \'default\'; ' +
      "override 'default' value with something else",
    ],
    [
      (config) => config.logOutputs = ["a.log", ""],
      'open sink "": open : no such file or directory',
    ],
    [
      (config) => {
        config.enableLogRotation = true;
        config.logOutputs = ["a.log", "b.log"];
      },
      ERR_LOG_ROTATION_INVALID_LOG_OUTPUT.message,
    ],
    [
      (config) => {
        config.enableLogRotation = true;
        config.logOutputs = ["a.log"];
        config.logRotationConfigJson = "{";
      },
      "improperly formatted log rotation config: ",
    ],
    [
      (config) => {
        config.enableLogRotation = true;
        config.logOutputs = ["a.log"];
        config.logRotationConfigJson = '{"maxsize": "x"}';
      },
      "invalid log rotation config: ",
    ],
  ];
  for (const [change, message] of cases) {
    assert(complaintAfter(change).message.startsWith(message), complaintAfter(change).message);
  }
});

Deno.test("Config.validate() refuses what is built in part only", () => {
  const cases: [Change, string][] = [
    [
      (config) => config.listenPeerUrls = parseUrlList("https://127.0.0.1:1"),
      "--listen-peer-urls=https://127.0.0.1:1 is refused",
    ],
    [
      (config) => config.initialCluster = "a=http://1:1,b=http://2:1",
      "--initial-cluster=a=http://1:1,b=http://2:1 is refused",
    ],
    [(config) => config.clusterState = "existing", "--initial-cluster-state=existing is refused"],
    [(config) => config.enableV2 = true, "--enable-v2=true is refused"],
    [(config) => config.peerAutoTls = true, "--peer-auto-tls=true is refused"],
    [
      (config) => config.peerTlsInfo.allowedCns = ["x"],
      "--peer-cert-allowed-cn=x is refused",
    ],
  ];
  for (const [change, message] of cases) {
    const complaint = complaintAfter(change);
    assert(complaint instanceof NotBuiltError, message);
    assert(complaint.message.startsWith(message), complaint.message);
  }
});

Deno.test("Config.validate() keeps secrets out of its complaint", () => {
  const complaint = complaintAfter((config) => config.discoveryCfg.password = "hush");
  assert(complaint.message.startsWith("--discovery-password is refused"));
  assert(!complaint.message.includes("hush"));
});

Deno.test("Config.validate() refuses numbers that only a program can set", () => {
  const cases: [Change, string][] = [
    [(config) => config.tickMs = NaN, "--heartbeat-interval must be a whole number of at least 0"],
    [(config) => config.electionMs = 1.5, "--election-timeout must be a whole number"],
    [(config) => config.maxTxnOps = -1, "--max-txn-ops must be a whole number of at least 0"],
    [
      (config) => config.compactHashCheckTimeMs = NaN,
      "--compact-hash-check-time must be a number of milliseconds (set to NaN)",
    ],
    [(config) => config.quotaBackendBytes = Infinity, "--quota-backend-bytes must be a whole"],
  ];
  for (const [change, message] of cases) {
    assert(complaintAfter(change).message.startsWith(message), complaintAfter(change).message);
  }
});

Deno.test("Config.validate() refuses values of storage settings that cannot be obeyed", () => {
  const cases: [Change, string][] = [
    [
      (config) => config.valueCacheBytes = 2 ** 20 - 1,
      "--value-cache-bytes must be a whole number of at least 1048576 (set to 1048575)",
    ],
    [
      (config) => config.compatVersion = "3.3",
      '--compat-version must be one of 3.4, 3.5, 3.6, 3.7 (set to "3.3")',
    ],
    [
      (config) => config.compatVersion = "",
      '--compat-version must be one of 3.4, 3.5, 3.6, 3.7 (set to "")',
    ],
    [
      (config) => config.backendFreelistType = "tree",
      '--backend-bbolt-freelist-type must be one of array, map (set to "tree")',
    ],
    [
      (config) => config.backendBatchIntervalMs = -1,
      "--backend-batch-interval must not be negative (set to -1ms)",
    ],
    [
      (config) => config.experimentalCorruptCheckTimeMs = -1000,
      "--corrupt-check-time must not be negative (set to -1s)",
    ],
    [
      (config) => config.corruptCheckTimeMs = -Infinity,
      "--corrupt-check-time must be a number of milliseconds (set to -Infinity)",
    ],
    [
      (config) => config.compactionBatchLimit = -1,
      "--compaction-batch-limit must be a whole number of at least 0 (set to -1)",
    ],
    [
      (config) => config.experimentalCompactHashCheckTimeMs = 0,
      "--compact-hash-check-time must be >0 (set to 0s)",
    ],
  ];
  for (const [change, message] of cases) assert.equal(complaintAfter(change).message, message);
});

Deno.test("Config.validate() takes storage settings at their bounds", () => {
  const config = newConfig();
  config.valueCacheBytes = 2 ** 20;
  // What etcd takes for as often and as fast as it can.
  config.backendBatchLimit = -1;
  config.compactionSleepIntervalMs = -1;
  for (const freelist of ["", "array", "map"]) {
    config.backendFreelistType = freelist;
    config.validate();
  }
  for (const version of ["3.4", "3.5", "3.6", "3.7"]) {
    config.compatVersion = version;
    config.validate();
  }
});

Deno.test("Config.validate() warns where etcd warns", () => {
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message: string, _fields?: LogFields) => warnings.push(message),
  };
  const config = newConfig();
  config.zapLoggerBuilder = newZapLoggerBuilder(logger);
  config.validate();
  config.validate();
  assert.equal(warnings.length, 2, "the second time would only repeat the first");
  assert(warnings[0].startsWith("Running http and grpc server on single port."));
  assert(warnings[1].includes("default name"));
  warnings.length = 0;
  const named = newConfig();
  named.zapLoggerBuilder = newZapLoggerBuilder(logger);
  named.name = "n1";
  named.listenClientHttpUrls = parseUrlList("http://127.0.0.1:0");
  named.validate();
  assert.deepEqual(warnings, []);
});
