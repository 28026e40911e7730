import assert from "node:assert/strict";
import { Prng } from "../../src/base/prng.ts";
import { SETTINGS } from "../../src/embed/config/settings/settings_table.ts";
import { findProgram } from "../harness/programs.ts";
import { forEach, type Outcome, runOurs, runProgram } from "./command_line_outcome.ts";

/** Compares every flag with etcd 3.7: whether a value is taken, the exit code and the message. */

const etcd = findProgram("etcd-3.7") ?? "";
const ignore = etcd === "";
const title = ignore ? " - not run: etcd-3.7 is not here" : "";

const SEED = 20261130;
/** Of the values below, tried with each flag. */
const VALUES_PER_FLAG = 4;

async function runEtcd(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Outcome> {
  const { code, text } = await runProgram(etcd, args, environment);
  if (code === 2) return { code, message: text.split("\n", 1)[0].replace(/^panic: /, "") };
  const found = /"msg":"failed to verify flags".*?"error":("(?:[^"\\]|\\.)*")/.exec(text);
  return { code, message: found === null ? text : JSON.parse(found[1]) };
}

async function compare(args: readonly string[]): Promise<void> {
  assert.deepEqual(await runOurs(args), await runEtcd(args), JSON.stringify(args));
}

const VALUES = [
  "",
  "0",
  "1",
  "-1",
  "true",
  "5s",
  "1.5",
  "x",
  "http://127.0.0.1:1",
  "TLS1.2",
  "a=b",
  "18446744073709551616",
];

/** Flags that etcd 3.7 does not have any more, or never had. */
const OTHER_SECTIONS = ["Of earlier releases", "Of detcd only"];

Deno.test({
  name: `readCommandLine() reads every flag as etcd 3.7 does${title}`,
  ignore,
  async fn() {
    const prng = new Prng(SEED);
    const flags = SETTINGS
      .filter(({ section }) => !OTHER_SECTIONS.includes(section))
      .flatMap(({ flag }) => flag === undefined ? [] : [flag]);
    assert(flags.length > 120, `${flags.length} flags`);
    const pairs = flags.flatMap((flag) =>
      Array.from({ length: VALUES_PER_FLAG }, () => `--${flag}=${prng.pick(VALUES)}`)
    );
    // A stray argument stops both once the flags are good.
    await forEach(pairs, (pair) => compare([pair, "stray"]));
  },
});

/** Each stops at one check of Validate(), in the order of the checks. */
const MISTAKES: readonly (readonly string[])[] = [
  ["--logger=capnslog"],
  ["--logger=x"],
  ["--log-outputs=default,stderr"],
  ["--enable-log-rotation"],
  ["--enable-log-rotation", "--log-outputs=a.log,b.log"],
  ["--enable-log-rotation", "--log-outputs=a.log", "--log-rotation-config-json=x"],
  ["--enable-log-rotation", "--log-outputs=a.log", '--log-rotation-config-json={"maxsize":"a"}'],
  ["--enable-log-rotation", "--log-outputs=a.log", '--log-rotation-config-json={"maxage":1.5}'],
  ["--enable-log-rotation", "--log-outputs=a.log", '--log-rotation-config-json={"compress":1}'],
  ["--enable-log-rotation", "--log-outputs=a.log", "--log-rotation-config-json=[]"],
  ["--enable-log-rotation", "--log-outputs=a.log", '--log-rotation-config-json={"maxsize":1'],
  ["--log-format=xml"],
  ["--log-outputs=stderr,systemd/journal"],
  ["--log-outputs="],
  ["--listen-peer-urls=http://example.com:2380"],
  ["--listen-client-urls=http://example.com:2379"],
  ["--listen-client-http-urls=http://example.com:2379"],
  ["--listen-metrics-urls=http://example.com:1"],
  ["--initial-advertise-peer-urls=http://:2380"],
  ["--advertise-client-urls=http://:2379"],
  ["--initial-cluster=a=http://1:1", "--discovery-srv=example.com"],
  ["--initial-cluster=a=http://1:1", "--discovery-endpoints=http://1:1"],
  ["--discovery-endpoints=http://1:1"],
  ["--heartbeat-interval=0"],
  ["--election-timeout=0"],
  ["--heartbeat-interval=300", "--election-timeout=1000"],
  ["--election-timeout=50001"],
  ["--listen-client-urls=http://127.0.0.1:1"],
  ["--auto-compaction-mode="],
  ["--auto-compaction-mode=x"],
  ["--enable-distributed-tracing", "--distributed-tracing-sampling-rate=-1"],
  ["--enable-distributed-tracing", "--distributed-tracing-sampling-rate=1000001"],
  ["--feature-gates=LeaseCheckpointPersist=true"],
  ["--compact-hash-check-time=0s"],
  ["--tls-min-version=TLS1.4"],
  ["--tls-min-version=TLS1.3", "--tls-max-version=TLS1.2"],
  ["--tls-min-version=TLS1.3", "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
];

Deno.test({
  name: `Config.validate() refuses what etcd 3.7 refuses, in the same words and order${title}`,
  ignore,
  async fn() {
    const pairs = MISTAKES.slice(1).map((later, i) => [...later, ...MISTAKES[i]]);
    await forEach([...MISTAKES, ...pairs], compare);
  },
});

Deno.test({
  name: `readCommandLine() treats the environment as etcd 3.7 does${title}`,
  ignore,
  async fn() {
    const cases: [string[], Record<string, string>][] = [
      [["--name=a"], { ETCD_NAME: "b" }],
      [["--name=a"], { ETCD_NAME: "" }],
      [[], { ETCD_MAX_WALS: "x" }],
      [[], { ETCD_HEARTBEAT_INTERVAL: "0" }],
      [["stray"], { ETCD_NAME: "b" }],
      [["stray"], { ETCD_UNKNOWN: "b" }],
      [[], { ETCD_CONFIG_FILE: "/nonexistent/etcd.yml" }],
      [["--config-file=/nonexistent/etcd.yml", "--name=a"], { ETCD_NAME: "b" }],
    ];
    for (const [args, environment] of cases) {
      const ours = await runOurs(args, environment);
      const theirs = await runEtcd(args, environment);
      const what = JSON.stringify({ args, environment, ours, theirs });
      assert.equal(ours.code, theirs.code, what);
      const begin = theirs.message.includes("conflicting environment variable")
        ? "conflicting environment variable is shadowed by corresponding command-line flag"
        : theirs.message;
      assert(ours.message.startsWith(begin), what);
    }
  },
});
