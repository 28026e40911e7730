import assert from "node:assert/strict";
import { join } from "node:path";
import { formatUrlList } from "../../base/url_list.ts";
import { configFromFile, configFromText } from "./config_file.ts";
import { ConfigError, NotBuiltError } from "./errors.ts";

function complaintAbout(text: string): string {
  try {
    configFromText("etcd.yml", text).validate();
  } catch (error) {
    assert(error instanceof ConfigError, String(error));
    return error.message;
  }
  return "none";
}

function withFile(text: string | Uint8Array, use: (path: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    const path = join(folder, "etcd.conf.yml");
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    Deno.writeFileSync(path, bytes);
    use(path);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The keys and the form of the sample file that comes with etcd, with values that work here. */
const SAMPLE = `# Settings of one member.
name: 'node1'
data-dir:
wal-dir:
snapshot-count: 10000
heartbeat-interval: 100
election-timeout: 1000
quota-backend-bytes: 0
listen-peer-urls: http://localhost:2380
listen-client-urls: http://localhost:2379
max-wals: 5
cors:
initial-advertise-peer-urls: http://localhost:2380
advertise-client-urls: http://localhost:2379
discovery:
discovery-fallback: 'proxy'
discovery-proxy:
discovery-srv:
initial-cluster:
initial-cluster-token: 'etcd-cluster'
initial-cluster-state: 'new'
strict-reconfig-check: true
enable-pprof: false
client-transport-security:
  cert-file:
  key-file:
  client-cert-auth: false
  trusted-ca-file:
  auto-tls: false
peer-transport-security:
  cert-file:
  key-file:
  client-cert-auth: false
  trusted-ca-file:
  auto-tls: false
  allowed-cn:
  allowed-hostname:
self-signed-cert-validity: 1
log-level: debug
logger: zap
log-outputs: [stderr]
force-new-cluster: false
auto-compaction-mode: periodic
auto-compaction-retention: "0"
cipher-suites: [
]
tls-min-version: 'TLS1.2'
tls-max-version:
`;

Deno.test("configFromFile() reads what is of detcd only", () => {
  const text = "value-cache-bytes: 1048576\ncompat-version: 3.5\n";
  withFile(text, (path) => {
    const config = configFromFile(path);
    assert.deepEqual([config.valueCacheBytes, config.compatVersion], [1048576, "3.5"]);
  });
  assert.equal(
    complaintAbout("compat-version: 3.10"),
    '--compat-version must be one of 3.4, 3.5, 3.6, 3.7 (set to "3.10")',
  );
  assert.equal(
    complaintAbout("value-cache-bytes: 1000"),
    "--value-cache-bytes must be a whole number of at least 1048576 (set to 1000)",
  );
});

Deno.test("configFromFile() reads a file in the form of etcd's sample", () => {
  withFile(SAMPLE, (path) => {
    const config = configFromFile(path);
    assert.equal(config.name, "node1");
    assert.equal(config.dir, "");
    assert.equal(config.logLevel, "debug");
    assert.deepEqual(config.logOutputs, ["stderr"]);
    assert.equal(config.initialCluster, "default=http://localhost:2380");
    assert(config.flagsExplicitlySet.has("data-dir"));
    assert(config.flagsExplicitlySet.has("peer-cert-file"));
    assert(!config.flagsExplicitlySet.has("max-txn-ops"));
  });
});

Deno.test("configFromFile() reads JSON, since that is YAML", () => {
  const text = '{"name": "j", "grpc-keepalive-interval": 7200000000000, "max-txn-ops": 4}';
  const config = configFromText("etcd.json", text);
  assert.deepEqual([config.name, config.grpcKeepAliveIntervalMs, config.maxTxnOps], [
    "j",
    7_200_000,
    4,
  ]);
});

Deno.test("configFromFile() keeps the defaults when the file says nothing", () => {
  for (const text of ["", "# nothing\n", "---\n", "null\n", "{}\n", "name:\n"]) {
    const config = configFromText("etcd.yml", text);
    assert.equal(config.name, "default", JSON.stringify(text));
    config.validate();
  }
});

Deno.test("configFromFile() reads URL lists, lists and maps below other keys", () => {
  const config = configFromText(
    "etcd.yml",
    `listen-client-urls: "http://127.0.0.1:2, http://127.0.0.1:1"
listen-peer-urls: ""
cors: "http://a:1"
host-whitelist: "b,a"
log-outputs: [stdout, /tmp/x.log]
socket-options: {reuse-port: on}
discovery-config:
  token: t
  client:
    endpoints: ["http://d:1"]
    dial-timeout: 3000000000
    secure: {cert: c}
    auth: {username: u, password: p}
peer-transport-security: {auto-tls: yes, allowed-cn: [a, b]}
`,
  );
  assert.equal(formatUrlList(config.listenClientUrls), "http://127.0.0.1:1,http://127.0.0.1:2");
  assert.equal(formatUrlList(config.listenPeerUrls), "http://localhost:2380");
  assert.deepEqual([...config.cors], ["http://a:1"]);
  assert.deepEqual([...config.hostWhitelist], ["b", "a"]);
  assert.deepEqual(config.logOutputs, ["stdout", "/tmp/x.log"]);
  assert(config.socketOpts.reusePort);
  const { token, endpoints, dialTimeoutMs, cert, username, password } = config.discoveryCfg;
  assert.deepEqual([token, dialTimeoutMs, cert, username, password], ["t", 3000, "c", "u", "p"]);
  assert.deepEqual(endpoints, ["http://d:1"]);
  assert(config.peerAutoTls);
  assert.deepEqual(config.peerTlsInfo.allowedCns, ["a", "b"]);
  // Discovery must not meet the cluster that is only there by default.
  assert.equal(config.initialCluster, "");
});

Deno.test("configFromFile() makes texts of numbers where a text is wanted", () => {
  const text = "name: 007\nauto-compaction-retention: 0\ninitial-cluster-token: true\n";
  const config = configFromText("etcd.yml", text);
  assert.deepEqual(
    [config.name, config.autoCompactionRetention, config.initialClusterToken],
    ["007", "0", "true"],
  );
});

Deno.test("configFromFile() loses nothing of 64-bit numbers that a bound could mean", () => {
  const config = configFromText(
    "etcd.yml",
    "snapshot-count: 18446744073709551615\nquota-backend-bytes: -9223372036854775808\n",
  );
  assert.equal(config.snapshotCount, Number.MAX_SAFE_INTEGER);
  assert.equal(config.quotaBackendBytes, -Number.MAX_SAFE_INTEGER);
  assert.equal(
    complaintAbout("snapshot-count: 18446744073709551616\n"),
    'etcd.yml:1: snapshot-count: "18446744073709551616" is not a whole number in its range',
  );
});

Deno.test("configFromFile() resolves aliases", () => {
  const config = configFromText(
    "etcd.yml",
    "listen-client-urls: &u http://127.0.0.1:5\nadvertise-client-urls: *u\n",
  );
  assert.equal(formatUrlList(config.advertiseClientUrls), "http://127.0.0.1:5");
});

Deno.test("configFromFile() names file, line and nearest key of an unknown key", () => {
  const cases: [string, string][] = [
    ["name: a\nnmae: b\n", 'etcd.yml:2: unknown key "nmae" (did you mean "name"?)'],
    [
      "cert-file: x\n",
      'etcd.yml:1: unknown key "cert-file" (did you mean "client-transport-security: cert-file"?)',
    ],
    [
      "client-transport-security:\n  cert-fle: x\n",
      'etcd.yml:2: unknown key "cert-fle" in client-transport-security ' +
      '(did you mean "cert-file"?)',
    ],
    ["zzzzzz: 1\n", 'etcd.yml:1: unknown key "zzzzzz"'],
    ["force: true\n", 'etcd.yml:1: unknown key "force"'],
  ];
  for (const [text, message] of cases) assert.equal(complaintAbout(text), message);
});

Deno.test("configFromFile() names file, line and key of a value that cannot be", () => {
  const cases: [string, string][] = [
    [
      "\ngrpc-keepalive-interval: 10m\n",
      'etcd.yml:2: grpc-keepalive-interval: must be a whole number of nanoseconds, not "10m"; ' +
      "write 600000000000 for 10m",
    ],
    [
      "grpc-keepalive-interval: x\n",
      'etcd.yml:1: grpc-keepalive-interval: must be a whole number of nanoseconds, not "x"',
    ],
    [
      "listen-client-urls: localhost:2379\n",
      "etcd.yml:1: listen-client-urls: URL scheme must be http, https, unix, or unixs: " +
      "localhost:2379",
    ],
    ["listen-client-urls: [a]\n", "etcd.yml:1: listen-client-urls: must be one value, not a list"],
    [
      'max-wals: "5"\n',
      "etcd.yml:1: max-wals: must be a whole number, without quotes",
    ],
    ["pre-vote: maybe\n", 'etcd.yml:1: pre-vote: must be true or false, not "maybe"'],
    [
      "log-outputs: stderr\n",
      "etcd.yml:1: log-outputs: must be a list, such as [first, second]",
    ],
    [
      "peer-transport-security: on\n",
      "etcd.yml:1: invalid peer-transport-security: must hold further keys",
    ],
    ["feature-gates: X=1\n", "etcd.yml:1: feature-gates: unrecognized feature gate: X"],
    ["- a\n", 'etcd.yml:1: a config file holds "key: value" lines'],
    ["text\n", 'etcd.yml:1: a config file holds "key: value" lines'],
    ["? [a]\n: b\n", "etcd.yml:1: a key must be a word"],
  ];
  for (const [text, message] of cases) assert.equal(complaintAbout(text), message);
});

Deno.test("configFromFile() names the line of malformed YAML", () => {
  assert(complaintAbout("name: a\nwal-dir: b]\n\tx").startsWith("etcd.yml:3: malformed YAML: "));
  assert(complaintAbout("name: a\nname: b\n").startsWith("etcd.yml:2: malformed YAML: "));
  assert(complaintAbout("name: *nobody\n").startsWith("etcd.yml:1: malformed YAML: "));
  assert(complaintAbout("[".repeat(100_000)).includes("malformed YAML"));
});

Deno.test("configFromFile() is not caught by aliases that stand for each other", () => {
  assert.equal(complaintAbout("log-outputs: &a [*a]\n"), "etcd.yml: nested too deeply");
  const rows = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (const [name, below] of ["ba", "cb", "dc", "ed"]) {
    rows.push(`${name}: &${name} [${`*${below},`.repeat(10)}]`);
  }
  assert.equal(complaintAbout(rows.join("\n")), "etcd.yml: too much text");
});

Deno.test("configFromFile() says why a file cannot be read", () => {
  assert.throws(
    () => configFromFile("/nonexistent/x.yml"),
    new ConfigError("open /nonexistent/x.yml: no such file or directory"),
  );
  const folder = Deno.makeTempDirSync();
  try {
    assert.throws(() => configFromFile(folder), /is a directory/);
  } finally {
    Deno.removeSync(folder);
  }
  withFile(new Uint8Array([0x6e, 0xff]), (path) => {
    assert.throws(() => configFromFile(path), /not UTF-8 text/);
  });
  withFile("#".repeat(1024 * 1024 + 1), (path) => {
    assert.throws(() => configFromFile(path), /1048576 bytes at the most/);
  });
});

Deno.test("configFromFile() refuses what is not built", () => {
  withFile("enable-v2: true\n", (path) => {
    assert.throws(() => configFromFile(path), NotBuiltError);
  });
});
