import assert from "node:assert/strict";
import { join } from "node:path";
import { formatUrlList } from "../base/url_list.ts";
import type { Config } from "../embed/config/config.ts";
import { ConfigError } from "../embed/config/errors.ts";
import { environmentName } from "../embed/config/settings/setting.ts";
import { SETTINGS } from "../embed/config/settings/settings_table.ts";
import { readCommandLine, type ServeWanted, shownArguments } from "./command_line.ts";
import type { Environment } from "./environment.ts";
import { UsageError } from "./flags.ts";

async function read(args: string[], environment: Environment = {}): Promise<ServeWanted> {
  const commandLine = await readCommandLine(args, environment);
  assert(commandLine.kind === "serve");
  return commandLine;
}

async function configOf(args: string[], environment: Environment = {}): Promise<Config> {
  return (await read(args, environment)).config;
}

async function complaintAbout(args: string[], environment: Environment = {}): Promise<string> {
  try {
    await readCommandLine(args, environment);
  } catch (error) {
    assert(error instanceof ConfigError || error instanceof UsageError, String(error));
    return error.message;
  }
  return "none";
}

/** A text that each kind of flag takes and that is not its default. */
const FLAG_TEXTS: Readonly<Record<string, string>> = {
  "string": "text",
  "uint": "7",
  "uint32": "7",
  "int": "7",
  "duration": "7s",
  "URL list": "http://127.0.0.1:7",
  "origins": "http://127.0.0.1:7",
  "names": "seven",
  "list": "seven",
  "gates": "CompactHashCheck=true",
  "new|existing": "existing",
  "off|readonly|on": "on",
};

Deno.test("readCommandLine() sets every setting by its flag and by its variable alike", async () => {
  for (const setting of SETTINGS) {
    const { flag } = setting;
    // Of --discovery-fallback every value but the default is refused at once.
    if (flag === undefined || setting.status === "ignored" || flag === "discovery-fallback") {
      continue;
    }
    const isOn = setting.defaultText === "true";
    const text = setting.kindName === "bool" ? String(!isOn) : FLAG_TEXTS[setting.kindName];
    const byFlag = await configOf([`--${flag}=${text}`]);
    const byVariable = await configOf([], { [environmentName(flag)]: text });
    assert(setting.isChanged(byFlag), flag);
    assert.equal(setting.textOf(byVariable), setting.textOf(byFlag), flag);
    assert(byFlag.flagsExplicitlySet.has(flag));
    assert(byVariable.flagsExplicitlySet.has(flag));
  }
});

Deno.test("readCommandLine() takes what etcd ignores, in any form", async () => {
  for (const setting of SETTINGS) {
    if (setting.status !== "ignored" || !setting.isSwitch) continue;
    await configOf([`--${setting.flag}`, `-${setting.flag}=whatever`]);
  }
});

Deno.test("readCommandLine() takes a phase of the v2 API's end, and no other word", async () => {
  for (const phase of ["write-only", "write-only-drop-data", "gone"]) {
    const { notices } = await read([`--v2-deprecation=${phase}`]);
    assert.match(notices[0].message, /^--v2-deprecation is deprecated .*ignoring user input\.$/);
  }
  assert.equal(
    await complaintAbout(["--v2-deprecation=not-yet"]),
    'invalid value "not-yet" for flag -v2-deprecation: invalid value "not-yet"',
  );
});

Deno.test("readCommandLine() takes the last of a flag given twice", async () => {
  assert.equal((await configOf(["--name=a", "--name", "b"])).name, "b");
});

Deno.test("readCommandLine() refuses a flag whose variable is set too", async () => {
  const text = "conflicting environment variable is shadowed by corresponding command-line flag " +
    "(either unset environment variable or disable flag)): ETCD_NAME";
  assert.equal(await complaintAbout(["--name=a"], { ETCD_NAME: "b" }), text);
  assert.equal(await complaintAbout(["--name=a"], { ETCD_NAME: "a" }), text);
  // Before it looks at what other variables hold.
  assert.equal(await complaintAbout(["--name=a"], { ETCD_NAME: "a", ETCD_MAX_WALS: "x" }), text);
});

Deno.test("readCommandLine() names the variable whose value cannot be read", async () => {
  assert.equal(
    await complaintAbout([], { ETCD_MAX_WALS: "x" }),
    'invalid value "x" for ETCD_MAX_WALS: parse error',
  );
  assert.equal(
    await complaintAbout([], { ETCD_INITIAL_CLUSTER_STATE: "x" }),
    'invalid value "x" for ETCD_INITIAL_CLUSTER_STATE: invalid value',
  );
});

Deno.test("readCommandLine() takes an empty variable for an unset one", async () => {
  assert.equal((await configOf([], { ETCD_NAME: "" })).name, "default");
  assert.deepEqual((await read([], { ETCD_NAME: "" })).notices, []);
});

Deno.test("readCommandLine() notes unknown variables and what the image sets", async () => {
  const { notices } = await read([], {
    ETCD_NAME: "n1",
    ETCD_DISCOVERY_PASSWORD: "hush",
    ETCD_VERSION: "3.4.23",
    ETCD_PORT: "tcp://10.0.0.1:2379",
    ETCD_UNSUPPORTED_ARCH: "arm64",
    ETCDCTL_API: "3",
    PATH: "/bin",
  });
  assert.deepEqual(notices.map(({ level, message, fields }) => [level, message, { ...fields }]), [
    ["warn", "cannot set special environment variable", { key: "ETCD_VERSION", value: "3.4.23" }],
    ["warn", "unrecognized environment variable", { "environment-variable": "ETCD_PORT" }],
    [
      "info",
      "recognized and used environment variable",
      { "variable-name": "ETCD_NAME", "variable-value": "n1" },
    ],
    [
      "info",
      "recognized and used environment variable",
      { "variable-name": "ETCD_DISCOVERY_PASSWORD", "variable-value": "(hidden)" },
    ],
  ]);
});

Deno.test("readCommandLine() refuses an argument that is no flag", async () => {
  assert.equal(await complaintAbout(["--name=a", "b"]), '"b" is not a valid flag');
  assert.equal(await complaintAbout(["--version", "b"]), '"b" is not a valid flag');
});

Deno.test("readCommandLine() hints at what a misspelt flag could mean", async () => {
  const cases: [string, string][] = [
    ["--nmae=x", "flag provided but not defined: -nmae (did you mean --name?)"],
    [
      "--experimental-warning-apply-duration=1s",
      "flag provided but not defined: -experimental-warning-apply-duration " +
      "(did you mean --warning-apply-duration?)",
    ],
    ["--zzzzzz", "flag provided but not defined: -zzzzzz"],
  ];
  for (const [flag, message] of cases) assert.equal(await complaintAbout([flag]), message);
});

Deno.test("readCommandLine() asks for advertised URLs when listened-on ones are given", async () => {
  const given = ["--listen-client-urls=http://127.0.0.1:1"];
  assert.deepEqual((await configOf(given)).advertiseClientUrls, []);
  assert.deepEqual(
    (await configOf([], { ETCD_LISTEN_CLIENT_URLS: "http://127.0.0.1:1" })).advertiseClientUrls,
    [],
  );
  const both = await configOf([...given, "--advertise-client-urls=http://127.0.0.1:1"]);
  assert.equal(formatUrlList(both.advertiseClientUrls), "http://127.0.0.1:1");
});

Deno.test("readCommandLine() empties the default cluster when members are discovered", async () => {
  assert.equal((await configOf(["--discovery-srv=example.com"])).initialCluster, "");
  assert.equal((await configOf(["--discovery-srv-name=x"])).initialCluster, "");
  assert.equal((await configOf(["--discovery-endpoints=x"])).initialCluster, "");
  assert.equal(
    (await configOf(["--discovery-srv=a", "--initial-cluster=a=http://1:1"])).initialCluster,
    "a=http://1:1",
  );
});

Deno.test("readCommandLine() raises timeouts between members to their least", async () => {
  const { config, notices } = await read(["--raft-read-timeout=1s", "--raft-write-timeout=0s"]);
  assert.deepEqual([config.raftReadTimeoutMs, config.raftWriteTimeoutMs], [5000, 5000]);
  assert.deepEqual(notices.map(({ message }) => message), [
    "raft-read-timeout increased to minimum value: 5s",
    "raft-write-timeout increased to minimum value: 5s",
  ]);
});

Deno.test("readCommandLine() takes a warning duration of 0 for the default", async () => {
  const config = await configOf(["--warning-unary-request-duration=0"]);
  assert.equal(config.warningUnaryRequestDurationMs, 300);
});

Deno.test("readCommandLine() refuses the v2 proxy as a fallback", async () => {
  assert.equal(
    await complaintAbout(["--discovery-fallback=proxy"]),
    `v2 proxy is deprecated, and --discovery-fallback can't be configured as "proxy"`,
  );
});

Deno.test("readCommandLine() obeys the config file alone when there is one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "c.yml");
    await Deno.writeTextFile(path, "name: from-file\nmax-txn-ops: 5\n");
    const environment = { ETCD_MAX_TXN_OPS: "6", ETCD_NAME: "from-variable", ETCD_NONSENSE: "" };
    const ways: [string[], Environment][] = [
      [["--config-file", path], {}],
      [[], { ETCD_CONFIG_FILE: path }],
    ];
    for (const [args, more] of ways) {
      const { config, notices } = await read([...args, "--name=x"], { ...environment, ...more });
      assert.deepEqual([config.name, config.maxTxnOps], ["from-file", 5]);
      assert.deepEqual(notices.map(({ fields }) => ({ ...fields })), [{ path }]);
    }
    const missing = join(folder, "missing.yml");
    assert.equal(
      await complaintAbout([`--config-file=${missing}`]),
      `open ${missing}: no such file or directory`,
    );
    // A flag that cannot be read is refused all the same.
    await assert.rejects(readCommandLine(["--config-file", path, "--max-wals=x"], {}), UsageError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readCommandLine() knows when only versions or help are wanted", async () => {
  assert.equal((await readCommandLine(["--version"], { ETCD_NAME: "a" })).kind, "version");
  assert.equal((await readCommandLine(["-h"], {})).kind, "help");
  assert.equal((await readCommandLine(["--version=false"], {})).kind, "serve");
  assert.equal(
    await complaintAbout(["--version=x"]),
    'invalid boolean value "x" for -version: parse error',
  );
});

Deno.test("shownArguments() hides the values of secret flags however they are written", () => {
  assert.deepEqual(
    shownArguments(["--discovery-password=hush", "-discovery-user", "me:hush", "--name", "n"]),
    ["--discovery-password=(hidden)", "-discovery-user", "(hidden)", "--name", "n"],
  );
});
