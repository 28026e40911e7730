import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../harness/server_process.ts";
import { isDifferent } from "./ctl_differences.ts";
import { OLDER, type Outcome, runCtl, runEtcdctl } from "./ctl_pair.ts";
import { describeCtl, shellWords, SOME_KEYS } from "./ctl_suite.ts";

/** What etcdctl says of all groups but this one, which has one command there. */
const SNAPSHOT_HINT = ". Use `etcdctl snapshot --help` to see subcommands";

/** With etcdctl's name for the program. */
function renamed({ exitCode, stdout, stderr }: Outcome): Outcome {
  const form = (text: string) => text.replaceAll("detcd ctl", "etcdctl").replace(SNAPSHOT_HINT, "");
  return { exitCode, stdout: form(stdout), stderr: form(stderr) };
}

/** What 3.4 says of a wrong command line as well: the first line of it. */
function firstLine({ exitCode, stderr }: Outcome): Outcome {
  return { exitCode, stdout: "", stderr: stderr.split("\n")[0] };
}

/**
 * Commands whose help is etcdctl's: txn, snapshot and completion explain in own words, and a flag of
 * `lease keep-alive` lost its sense there.
 */
const GROUPS: readonly string[] = [
  ...["alarm", "auth", "check", "downgrade", "endpoint", "lease", "member", "role", "user"],
];

const COMMANDS: readonly string[] = [
  ...["get", "put", "del", "compaction", "watch", "version", "move-leader", "options"],
  ...["lock", "elect", "make-mirror", "check perf", "check datascale"],
  ...["grant", "revoke", "timetolive", "list"].map((name) => `lease ${name}`),
  ...["add", "remove", "update", "list", "promote"].map((name) => `member ${name}`),
  ...["hashkv", "health", "status"].map((name) => `endpoint ${name}`),
  ...["list", "disarm"].map((name) => `alarm ${name}`),
  ...["enable", "disable", "status"].map((name) => `auth ${name}`),
  ...["add", "delete", "get", "list", "grant-permission", "revoke-permission"]
    .map((name) => `role ${name}`),
  ...["add", "delete", "get", "list", "passwd", "grant-role", "revoke-role"]
    .map((name) => `user ${name}`),
  ...["validate", "enable", "cancel"].map((name) => `downgrade ${name}`),
];

describeCtl((test) => {
  test("flags and commands that are wrong", async (suite) => {
    const lines = [
      "put a --other",
      "put a -x",
      "put a -ix",
      "get a --limit x",
      'get a --limit ""',
      "get a --limit",
      "get a --rev=99999999999999999999",
      "get --prefix=zz a",
      "get a -w",
      "get a --command-timeout 5",
      "get a --command-timeout x",
      "get a --=x",
      "get a ---x",
      "lease grantt",
      "lease",
      "member",
      "endpoint",
      "gett",
      "comp",
      "xyzzy",
      "--other",
      "-x get",
      "endpoint health --cluster=x",
      "endpoint hashkv --rev x",
      "alarm",
      "alarm list --other x",
      "lock --ttl x",
      "make-mirror --max-txn-ops=-1 a",
      "make-mirror --max-txn-ops x a",
    ];
    const form = suite.reference === OLDER ? firstLine : renamed;
    for (const line of lines) {
      const wanted = form(await runEtcdctl(suite.reference, shellWords(line), ""));
      const got = form(renamed(await runCtl(shellWords(line), "")));
      if (suite.reference === OLDER && isDifferent(line, "")) continue;
      assert.deepEqual(got, wanted, `etcdctl ${line}`);
    }
  });

  test("completion for a shell that there is not", async ({ reference }) => {
    for (const line of ["completion", "completion other", "completion bash zsh"]) {
      const wanted = firstLine(await runEtcdctl(reference, line.split(" "), ""));
      assert.deepEqual(firstLine(renamed(await runCtl(line.split(" "), ""))), wanted, line);
    }
  }, { newerOnly: "it has a command for each shell" });

  test("servers that cannot be reached", async (suite) => {
    const [port] = await freePorts(1);
    const dead = `--endpoints=127.0.0.1:${port}`;
    const lines = [
      "put a 1",
      "get a",
      "get a -w json",
      "get a --stream",
      "del a",
      "compaction 5",
      "lease grant 5",
      "lease revoke 5",
      "member list",
      "member add m --peer-urls=http://127.0.0.1:5",
      "member remove 5",
      "member update 5 --peer-urls=http://127.0.0.1:5",
      "member promote 5",
      "move-leader 5",
      "endpoint health",
      "endpoint health -w json",
      "endpoint health -w fields",
      "endpoint health -w table",
      "endpoint health --cluster",
      "endpoint status",
      "endpoint status -w json",
      "endpoint status -w table",
      "endpoint status --cluster",
      "endpoint hashkv",
      "endpoint hashkv -w json",
      "endpoint hashkv --cluster",
      "alarm list",
      "alarm disarm",
      "defrag",
      "defrag --cluster",
      `snapshot save ${join(tmpdir(), "never-saved.db")}`,
    ];
    const mask = ({ exitCode, stdout, stderr }: Outcome): Outcome => ({
      exitCode,
      stdout: stdout.replace(/[0-9.]+ms/g, "TIME")
        .replace(/(?:\u00e2\u0094\u0080)+/g, "-").replace(/ +/g, " "),
      stderr: stderr.replace(/[0-9.]+ms/g, "TIME").replace(/^\{"level".*\n/gm, ""),
    });
    await Promise.all(lines.map(async (line) => {
      const args = [dead, "--command-timeout=400ms", ...shellWords(line)];
      const wanted = mask(await runEtcdctl(suite.reference, args, ""));
      const got = mask(await runCtl(args, ""));
      if (suite.reference === OLDER && isDifferent(line, "")) return;
      assert.deepEqual(got, wanted, line);
    }));
    for (const line of ["get a", "endpoint health"]) {
      const args = ["--endpoints=", ...shellWords(line)];
      assert.deepEqual(await runCtl(args, ""), await runEtcdctl(suite.reference, args, ""), line);
    }
  });

  test("servers of which the first cannot be reached", async (suite) => {
    const pair = await suite.sharedPair();
    const [dead] = await freePorts(1);
    await suite.compareAll([["put a 1"], ["lease grant 300"]], pair);
    const lines = ["get a", "get a --stream", "lease keep-alive LEASE --once", "lease list"];
    for (const line of lines) {
      const [wanted, got] = await Promise.all(
        [pair.etcdctl, pair.ctl].map((side) => side.run(shellWords(line), "", dead)),
      );
      if (suite.reference === OLDER && isDifferent(line, "")) continue;
      assert.deepEqual(got, wanted, line);
      assert.equal(got.exitCode, 0, line);
    }
  });

  test("flags in any place and form", (suite) =>
    suite.compareAll([
      ...SOME_KEYS,
      ["-w json get a"],
      ["get -w=json a"],
      ["get -wjson a"],
      ["get a --prefix=false"],
      ["get --prefix=T a"],
      ["--hex get a"],
      ["get a --hex=1 --hex=0"],
      ["--hex=true --write-out simple get --limit=1 --prefix -- a"],
      ["get a --rev=0x2"],
      ["get -"],
      ["endp hea"],
      ["get a --limit -1"],
    ]));

  test("help", async (suite) => {
    for (const command of [...GROUPS, ...COMMANDS]) {
      const lines = [
        `${command} --help`,
        `help ${command}`,
        ...GROUPS.includes(command) ? [command] : [],
      ];
      for (const line of lines) {
        const wanted = await runEtcdctl(suite.reference, line.split(" "), "");
        assert.deepEqual(renamed(await runCtl(line.split(" "), "")), wanted, line);
      }
    }
  }, { newerOnly: "its help has another form" });

  test("help about everything", async (suite) => {
    const withFlags = ["help -w json get", "help get --other x", "help get -w", "help --hex other"];
    for (const line of ["", "--help", "help", "help other", ...withFlags]) {
      const args = line.split(" ").filter((word) => word !== "");
      const wanted = await runEtcdctl(suite.reference, args, "");
      assert.deepEqual(renamed(await runCtl(args, "")), wanted, line);
    }
  }, { newerOnly: "its help has another form" });

  test("the environment", async (suite) => {
    const pair = await suite.sharedPair();
    const outcomes = await Promise.all(
      ([
        [pair.etcdctl, runEtcdctl.bind(undefined, suite.reference)],
        [pair.ctl, runCtl],
      ] as const).map(async ([side, run]) => {
        const ENV = { ETCDCTL_ENDPOINTS: side.server.endpoint };
        const results: Outcome[] = [];
        const more: Record<string, string>[] = [
          {},
          { ETCDCTL_WRITE_OUT: "json" },
          { ETCDCTL_HEX: "true" },
          { ETCDCTL_HEX: "not a boolean" },
          { ETCDCTL_WRITE_OUT: "other" },
          { ETCDCTL_ENDPOINTS: `http://${side.server.endpoint}` },
        ];
        await run(["put", "a", "1"], "", ENV);
        for (const env of more) results.push(await run(["get", "a"], "", { ...ENV, ...env }));
        // Of a variable that it cannot read only ours warns.
        return results.map((result) => ({ ...result, stderr: side.mask(result.stderr) }));
      }),
    );
    assert.deepEqual(outcomes[1], outcomes[0]);
  });
});
