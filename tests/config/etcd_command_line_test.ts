import assert from "node:assert/strict";
import { Prng } from "../../src/base/prng.ts";
import { settingOfFlag } from "../../src/embed/config/settings_table.ts";
import { forEach, runOurs } from "./command_line_outcome.ts";
import { etcd, ignore, runEtcd, STORAGE_FLAGS } from "./etcd_peer.ts";

/** Compares how command lines are read with the etcd that Debian ships, 3.4.23. */

const SEED = 20180214;
const RANDOM_PAIR_COUNT = 160;

/**
 * With a stray argument behind them neither program starts a server when the flags are good; the
 * first one is for a flag that takes the next argument.
 */
async function compareReading(flag: string): Promise<void> {
  const args = [flag, "stray", "stray"];
  assert.deepEqual(await runOurs(args), await runEtcd(args), JSON.stringify(args));
}

/** Flags of all kinds that both have. */
const FLAGS = [
  "name",
  "snapshot-count",
  "heartbeat-interval",
  "listen-peer-urls",
  "listen-client-urls",
  "max-wals",
  "quota-backend-bytes",
  "backend-batch-limit",
  "grpc-keepalive-min-time",
  "backend-batch-interval",
  "initial-advertise-peer-urls",
  "initial-cluster-state",
  "advertise-client-urls",
  "discovery-fallback",
  "strict-reconfig-check",
  "pre-vote",
  "cors",
  "host-whitelist",
  "bcrypt-cost",
  "enable-pprof",
  "listen-metrics-urls",
  "log-outputs",
  "cipher-suites",
  "force-new-cluster",
  "auto-compaction-retention",
  "max-concurrent-streams",
  "proxy",
  "proxy-failure-wait",
  "debug",
  "max-snapshots",
  "experimental-initial-corrupt-check",
  "experimental-corrupt-check-time",
  "force",
  "vv",
];

const VALUES = [
  "",
  "0",
  "1",
  "-1",
  "+1",
  "017",
  "08",
  "0x1F",
  "0X_1f",
  "0b11",
  "0o17",
  "1_000",
  "1__0",
  "1e3",
  "1.5",
  " 1",
  "18446744073709551615",
  "18446744073709551616",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775809",
  "4294967296",
  "true",
  "TRUE",
  "tRUE",
  "t",
  "F",
  "yes",
  "5s",
  "-5s",
  "+5s",
  "1h30m",
  "1.5h",
  ".5s",
  "1.s",
  ".s",
  "5",
  "1.5.5s",
  "5d",
  "9999999h",
  "1us2ns",
  "1\u00b5s",
  "new",
  "existing",
  "exit",
  "proxy",
  "off",
  "on",
  "readonly",
  "*",
  "a,b",
  ",",
  '"',
  "\t",
  "\u00e9",
];

/** URLs that differ in what is wrong with them; 3.4 wanted a port of unix sockets too. */
const URLS = [
  "http://localhost:1",
  "http://127.0.0.1:1,http://127.0.0.1:2",
  " http://127.0.0.1:1 ",
  "HTTP://A:1",
  "https://[::1]:1",
  "http://::1:1",
  "http://[::1]",
  "http://[::1",
  "http://[::1]x:1",
  "http://[fe80::1%25en0]:1",
  "http://[fe80::1%en0]:1",
  "http://a",
  "http://a:",
  "http://:1",
  "http://a:b",
  "http://a:1:2",
  "http://a:99999999",
  "http://a:-1",
  "http://a:1/",
  "http://a:1/p",
  "http://a:1?q=1",
  "http://a:1#f",
  "http://a:1#%zz",
  "http://a:1?",
  "http://u:p@a:1",
  "http://u^p@a:1",
  "http://a b:1",
  "http://a%20b:1",
  "http://a%zz:1",
  "http://a%e4:1",
  "http://%",
  "http://a\\b:1",
  "http://a|b:1",
  "http://a^b:1",
  "http://a{b:1",
  "http://\u00e9:1",
  "http:a:1",
  "http:/a:1",
  "http:///a:1",
  "http//a:1",
  "http",
  "localhost:1",
  "127.0.0.1:1",
  "1http://a:1",
  "//a:1",
  "/a:1",
  "a/b:1",
  ":",
  "://a:1",
  ":1",
  "",
  ",",
  "http://a:1,",
  "ftp://a:1",
  "unix://a:1",

  "http://a:1\x7f",
  "http://a:1\n",
  "?",
  "*",
  "h\u00e9://a:1",
  "http://a<b>:1",
  'http://a"b:1',
  "http://a]b:1",
  "http://a[b:1",
  "http://a:1%",
  "ht+tp-1.0://a:1",
  "http://a:1/%zz",
  "http://@a:1",
  "http://u%zz@a:1",
  "http://a;b:1",
];

Deno.test({
  name: "readCommandLine() reads flags as etcd does",
  ignore,
  async fn() {
    const prng = new Prng(SEED);
    const pairs = Array.from({ length: RANDOM_PAIR_COUNT }, () => {
      const name = prng.pick(["-", "--"]) + prng.pick(FLAGS);
      return prng.chance(0.95) ? `${name}=${prng.pick(VALUES)}` : name;
    });
    await forEach(pairs, compareReading);
  },
});

const STORAGE_VALUES = ["", "0", "-1", "0x10", "18446744073709551616", "1.5", "4h", "-5s", "map"];

Deno.test({
  name: "readCommandLine() reads flags about what is stored as etcd does",
  ignore,
  async fn() {
    const pairs = Object.entries(STORAGE_FLAGS)
      .flatMap(([flag, older]) => STORAGE_VALUES.map((value) => ({ flag, older, value })));
    await forEach(pairs, async ({ flag, older, value }) => {
      const ours = await runOurs([`--${flag}=${value}`, "stray"]);
      const theirs = await runEtcd([`--${older}=${value}`, "stray"]);
      const message = theirs.message.replace(`-${older}`, `-${flag}`);
      assert.deepEqual(ours, { ...theirs, message }, `--${flag}=${value}`);
    });
  },
});

Deno.test({
  name: "readCommandLine() reads URLs as etcd does",
  ignore,
  async fn() {
    await forEach(URLS, (url) => compareReading(`--listen-peer-urls=${url}`));
  },
});

Deno.test({
  name: "readCommandLine() reads the syntax of flags as etcd does",
  ignore,
  async fn() {
    const lists = [
      ["-"],
      ["--", "x"],
      ["---name=a", "x"],
      ["--=a"],
      ["-=a"],
      ["--name"],
      ["-name"],
      ["--zzzzzz"],
      ["-zzzzzz=1"],
      ["--name", "a", "b"],
      ["--name", "--debug", "b"],
      ["--debug", "false"],
      ["--debug=", "x"],
      ["--name=", "x"],
      ["--name==", "x"],
      ["--force", "x"],
      ["--v=3", "x"],
      ["", "--name"],
      ["a", "--zzzzzz"],
      ["--pre-vote=maybe"],
      ["-pre-vote=2", "x"],
    ];
    await forEach(lists, async (args) => {
      assert.deepEqual(await runOurs(args), await runEtcd(args), JSON.stringify(args));
    });
  },
});

Deno.test({
  name: "readCommandLine() refuses environments that etcd refuses",
  ignore,
  async fn() {
    const cases: [string[], Record<string, string>][] = [
      [["--name=a"], { ETCD_NAME: "b" }],
      [["--name=a"], { ETCD_NAME: "" }],
      [[], { ETCD_MAX_WALS: "x" }],
      [[], { ETCD_HEARTBEAT_INTERVAL: "0" }],
      [[], { ETCD_LISTEN_CLIENT_URLS: "http://127.0.0.1:1" }],
      [[], { ETCD_CONFIG_FILE: "/nonexistent/etcd.yml" }],
      [["stray"], { ETCD_MAX_WALS: "x" }],
    ];
    for (const [args, environment] of cases) {
      const ours = await runOurs(args, environment);
      const theirs = await runEtcd(args, environment);
      const what = JSON.stringify({ args, environment, ours, theirs });
      assert.equal(ours.code, theirs.code, what);
      if (!theirs.message.includes("conflicting")) assert.equal(ours.message, theirs.message, what);
      else assert(ours.message.startsWith("conflicting environment variable is shadowed"), what);
    }
  },
});

/** Flags of 3.4 that today's etcd has under the name without `experimental-`, or not at all. */
const GONE_SINCE_3_4 = /^experimental-(?!enable-v2v3|initial-corrupt-check|corrupt-check-time)/;

/** Defaults that changed between 3.4 and today. */
const CHANGED_DEFAULTS: Readonly<Record<string, string>> = {
  "snapshot-count": "10000",
  "pre-vote": "true",
  "discovery-fallback": "exit",
  "logger": "zap",
  "backend-batch-interval": "0s",
  "max-concurrent-streams": "4294967295",
};

Deno.test({
  name: "SETTINGS has the flags and defaults that etcd's help lists",
  ignore,
  async fn() {
    const { stdout } = await new Deno.Command(etcd, { args: ["--help"] }).output();
    const help = new TextDecoder().decode(stdout);
    const listed = [...help.matchAll(/^ {2}--([a-z0-9-]+) (.*)$/gm)];
    assert(listed.length > 75, `${listed.length} flags are listed`);
    for (const [, flag, shown] of listed) {
      if (GONE_SINCE_3_4.test(flag)) continue;
      const setting = settingOfFlag(flag);
      const expected = CHANGED_DEFAULTS[flag] ?? shown.replaceAll("'", "");
      assert.equal(setting?.defaultText, expected, flag);
    }
  },
});
