import assert from "node:assert/strict";
import { join } from "node:path";
import { AlarmAction, AlarmType } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { withClient } from "../harness/grpc_client.ts";
import { deleteRange, headerOf, pairs, put, range } from "../harness/kv_calls.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { isDifferent } from "./ctl_differences.ts";
import { CtlPair, OLDER, type Outcome, runCtl, runEtcdctl } from "./ctl_pair.ts";
import { describeCtl, inAllFormats, shellWords, SOME_KEYS } from "./ctl_suite.ts";

/** What etcdctl 3.4 crashes on: its printer of fields wants a header, and there is none. */
const NOT_FIELDS = (line: string): boolean => !line.endsWith("-w fields");

/** Has both servers say that they are full. */
async function raiseAlarm(pair: CtlPair): Promise<void> {
  for (const { server } of [pair.etcdctl, pair.ctl]) {
    await withClient(server, async (client) => {
      const { memberId } = headerOf(await client.call(MAINTENANCE_SERVICE.status));
      const action = AlarmAction.ACTIVATE;
      await client.call(MAINTENANCE_SERVICE.alarm, { action, memberId, alarm: AlarmType.NOSPACE });
    });
  }
}

describeCtl((test) => {
  test("member list, endpoint health and status", (suite) =>
    suite.compareAll([
      ["put a 1"],
      ["member list"],
      ["member list more"],
      ...inAllFormats("member list"),
      ["member list --hex"],
      ["endpoint health"],
      ...inAllFormats("endpoint health"),
    ]));

  test("endpoint hashkv", (suite) =>
    suite.compareFromStart([
      ...SOME_KEYS,
      ["endpoint hashkv"],
      ["endpoint hashkv more"],
      ...inAllFormats("endpoint hashkv"),
      ...inAllFormats("endpoint hashkv --rev 3"),
      ...inAllFormats("endpoint hashkv --rev 500"),
      ["compaction 4"],
      ["endpoint hashkv"],
      ["endpoint hashkv --rev 2"],
      ...inAllFormats("endpoint hashkv --rev 5"),
    ]));

  test("defrag", (suite) =>
    suite.compareAll([
      ["defrag"],
      ["defrag more"],
      ...inAllFormats("defrag"),
      ["defrag -w other"],
      ["get a"],
    ]));

  test("defrag of a directory that no server uses", async (suite) => {
    const server = await ServerProcess.start(suite.reference.server);
    try {
      await withClient(server, async (client) => {
        for (let i = 0; i < 50; i++) await put(client, `gone/${i}`, "x".repeat(20_000));
        const { header } = await deleteRange(client, "gone/", { rangeEnd: "gone0" });
        const revision = header?.revision ?? 0;
        await client.call(KV_SERVICE.compact, { revision, physical: true });
        await put(client, "kept", "1");
      });
      const path = join(server.dataDir, "member", "snap", "db");
      await server.stop();
      const before = (await Deno.stat(path)).size;
      await Deno.copyFile(path, `${path}.copy`);
      const args = ["defrag", "--data-dir", server.dataDir];
      const wanted = await runEtcdctl(suite.reference, args, "");
      await Deno.rename(`${path}.copy`, path);
      const got = await runCtl(args, "");
      assert.deepEqual([got.exitCode, got.stdout], [wanted.exitCode, wanted.stdout]);
      assert.ok((await Deno.stat(path)).size < before / 2);
      await server.restart();
      await withClient(server, async (client) => {
        assert.deepEqual(pairs((await range(client, "kept")).kvs), ["kept=1"]);
      });
    } finally {
      await server.dispose();
    }
  }, { olderOnly: "etcdutl has taken that over" });

  test("alarm", async (suite) => {
    await using pair = await CtlPair.start(suite.reference);
    const list = inAllFormats("alarm list").filter(([line]) => NOT_FIELDS(line));
    await suite.compareAll([
      ["alarm list"],
      ...list,
      ["alarm list more"],
      ["alarm disarm more"],
      ["alarm disarm"],
    ], pair);
    for (const [line] of inAllFormats("alarm disarm").filter(([line]) => NOT_FIELDS(line))) {
      await raiseAlarm(pair);
      await suite.compareAll([
        ["alarm list"],
        ["put a 1"],
        ...list,
        [line],
        ["alarm list"],
        ["put a 1"],
      ], pair);
    }
  });

  test("snapshot save", async (suite) => {
    const pair = await suite.sharedPair();
    const directory = await Deno.makeTempDir({ prefix: "ctl-snapshot-" });
    try {
      await suite.compareAll(
        [
          ["snapshot save"],
          ["snapshot save a b"],
          [`snapshot save ${directory}/none/backup.db`],
          ["snapshot save x --endpoints=127.0.0.1:1"],
        ],
        pair,
      );
      const [wanted, got] = await Promise.all(
        [pair.etcdctl, pair.ctl].map(async (side, i) => {
          const path = `${directory}/backup${i}.db`;
          const outcome = await side.run(["snapshot", "save", path], "");
          const { mode, size } = await Deno.stat(path);
          return { ...outcome, stdout: outcome.stdout.replace(path, "PATH"), mode, size };
        }),
      );
      assert.deepEqual(got, wanted);
      assert.equal(got.size % 512, 32);
      const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
      assert.deepEqual(names.toSorted(), ["backup0.db", "backup1.db"]);
      await Deno.mkdir(`${directory}/folder`);
      // One after the other, since both write the same file first.
      const args = ["snapshot", "save", `${directory}/folder`];
      const refused = await pair.etcdctl.run(args, "");
      assert.deepEqual(await pair.ctl.run(args, ""), refused);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });

  test("snapshot status", async (suite) => {
    const pair = await suite.sharedPair();
    const directory = await Deno.makeTempDir({ prefix: "ctl-snapshot-" });
    try {
      const path = `${directory}/backup.db`;
      await suite.compareAll([["put a 1"], ["del a"], ["lease grant 600"]], pair);
      assert.equal((await pair.ctl.run(["snapshot", "save", path], "")).exitCode, 0);
      const lines = [
        "snapshot status",
        "snapshot status a b",
        `snapshot status ${directory}/missing`,
        ...inAllFormats(`snapshot status ${path}`).map(([line]) => line),
      ];
      for (const line of lines) {
        const got = await runCtl(shellWords(line), "");
        const stderr = got.stderr.replace(/^Deprecated: .*\n\n/, "");
        const wanted = await runEtcdctl(suite.reference, shellWords(line), "");
        if (!isDifferent(line, "")) assert.deepEqual({ ...got, stderr }, wanted, line);
      }
      await Deno.truncate(path, 3000);
      const damaged = await runCtl(["snapshot", "status", path], "");
      assert.equal(
        damaged.exitCode,
        (await runEtcdctl(suite.reference, ["snapshot", "status", path], "")).exitCode,
      );
      assert.match(damaged.stderr, /Error: Cannot /);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }, { olderOnly: "etcdutl has taken that over" });

  test("snapshot restore", async ({ reference }) => {
    const source = await ServerProcess.start(reference.server);
    const directory = await Deno.makeTempDir({ prefix: "ctl-restore-" });
    const [backup, dataDir] = [join(directory, "backup.db"), join(directory, "data")];
    try {
      const endpoints = `--endpoints=${source.endpoint}`;
      await runCtl([endpoints, "put", "kept", "1"], "");
      assert.equal((await runCtl([endpoints, "snapshot", "save", backup], "")).exitCode, 0);
      await source.stop();
      const peer = `http://127.0.0.1:${source.peerPort}`;
      const restored = await runCtl([
        ...["snapshot", "restore", backup, "--name=default", `--data-dir=${dataDir}`],
        `--initial-cluster=default=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--compat-version=${reference.release.split(".", 2).join(".")}`,
      ], "");
      assert.equal(restored.exitCode, 0, restored.stderr);
      assert.match(restored.stderr, /^Deprecated: Use `detcd utl snapshot restore` instead\.\n/);
      const server = await ServerProcess.start(reference.server, { dataDir });
      try {
        const get = [`--endpoints=${server.endpoint}`, "get", "kept"];
        assert.equal((await runCtl(get, "")).stdout, "kept\n1\n");
      } finally {
        await server.dispose();
      }
      const again = await runCtl(["snapshot", "restore", backup, `--data-dir=${dataDir}`], "");
      assert.equal(again.exitCode, 1);
      for (const line of ["snapshot restore", "snapshot restore a b"]) {
        assert.equal((await runCtl(line.split(" "), "")).exitCode, 128);
      }
    } finally {
      await source.dispose();
      await Deno.remove(directory, { recursive: true });
    }
  });

  test("endpoint status", async (suite) => {
    const { server } = (await suite.sharedPair()).etcdctl;
    const endpoints = `--endpoints=${server.endpoint}`;
    for (const [line] of [["endpoint status more"], ...inAllFormats("endpoint status")]) {
      const args = [endpoints, ...shellWords(line)];
      let wanted: Outcome;
      let got: Outcome;
      do {
        wanted = await runEtcdctl(suite.reference, args, "");
        got = await runCtl(args, "");
        // A young member still writes to its log by itself: then the index has moved on meanwhile.
      } while ((await runEtcdctl(suite.reference, args, "")).stdout !== wanted.stdout);
      if (suite.reference === OLDER && isDifferent(line, "")) continue;
      assert.deepEqual(got, wanted, `etcdctl ${line}`);
    }
  });
});
