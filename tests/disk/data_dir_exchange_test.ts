import assert from "node:assert/strict";
import { join } from "node:path";
import { CompatVersion } from "../../src/core/members/compat_version.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import type { EtcdServer } from "../../src/server/etcd_server.ts";
import { get, put, startServer, testConfig } from "../../src/server/testing/server_fixtures.ts";
import { ctlFields, ctlLines } from "../harness/etcdctl.ts";
import { httpRequest } from "../harness/http1.ts";
import { withDataDir } from "../harness/data_dir.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";

const missing = whyMissing("etcd");
if (missing !== undefined) console.log(`tests/disk: skipped, ${missing}`);
const test = { ignore: missing !== undefined };

const fileSystem = new DenoFileSystem();

/** Runs detcd on the data; it presents the given line of etcd. */
async function withDetcd(
  dataDir: string,
  line: string,
  use: (server: EtcdServer) => Promise<void>,
): Promise<void> {
  const compatVersion = CompatVersion.of(line);
  assert.ok(compatVersion !== undefined);
  const server = await startServer(testConfig(fileSystem, {
    disk: { fileSystem, dataDir, walDir: "", unsafeNoFsync: false },
    compatVersion,
    name: "ours",
  }));
  try {
    assert.equal(server.membership.clusterVersion, `${line}.0`);
    await use(server);
  } finally {
    await server.stop();
    assert.equal(server.failure, undefined);
  }
}

/** Runs real etcd 3.4 on the data. Few entries make a snapshot, so that some are written. */
async function withEtcd(
  dataDir: string,
  use: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const server = await ServerProcess.start("etcd", { dataDir, flags: ["--snapshot-count=10"] });
  try {
    const { body } = await httpRequest(server.clientPort, "/version");
    assert.equal(body, '{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}');
    await use(server);
    await server.stop();
  } finally {
    await server.dispose();
  }
}

Deno.test({
  ...test,
  name:
    "real etcd 3.4 and detcd take turns on one data directory, whatever version detcd presented",
  fn: () =>
    withDataDir(async (dataDir) => {
      let keyCount = 0;
      const putByDetcd = async (server: EtcdServer, count: number): Promise<void> => {
        for (let i = 0; i < count; i++) await put(server, `k${keyCount++}`, "detcd");
      };
      const putByEtcd = async (server: ServerProcess, count: number): Promise<void> => {
        for (let i = 0; i < count; i++) await ctlLines(server, ["put", `k${keyCount++}`, "etcd"]);
      };
      const checkDetcd = (server: EtcdServer): void => {
        assert.equal(server.store.currentRevision, keyCount + 1);
        assert.equal(get(server, `k${keyCount - 1}`)?.revision, keyCount + 1);
      };
      const checkEtcd = async (server: ServerProcess): Promise<void> => {
        const fields = await ctlFields(server, ["get", "k", "--prefix", "--keys-only"]);
        assert.deepEqual([fields.get("Count"), fields.get("Revision")], [
          `${keyCount}`,
          `${keyCount + 1}`,
        ]);
      };
      const ids = new Set<bigint>();
      const detcd = (line: string, count: number): Promise<void> =>
        withDetcd(dataDir, line, async (server) => {
          ids.add(server.memberId).add(server.clusterId);
          checkDetcd(server);
          await putByDetcd(server, count);
          const [member] = server.membership.list();
          assert.deepEqual([member.name, ...member.clientUrls], ["ours", "http://localhost:2379"]);
        });
      const etcd = (count: number): Promise<void> =>
        withEtcd(dataDir, async (server) => {
          await checkEtcd(server);
          await putByEtcd(server, count);
        });

      await etcd(4);
      await detcd("3.4", 3);
      await etcd(25);
      await detcd("3.4", 25);
      await etcd(1);
      await detcd("3.7", 5);
      await detcd("3.6", 5);
      await detcd("3.5", 5);
      await detcd("3.4", 0);
      await etcd(12);
      await detcd("3.7", 1);
      await detcd("3.4", 1);
      await etcd(1);
      assert.equal(ids.size, 2, "the member and the cluster stay the same");
    }),
});

Deno.test({
  ...test,
  name: "real etcd 3.4 starts on a directory that detcd founded",
  fn: () =>
    withDataDir(async (dataDir) => {
      await withDetcd(dataDir, "3.4", async (server) => {
        for (let i = 0; i < 5; i++) await put(server, `k${i}`, "detcd");
      });
      await withEtcd(dataDir, async (server) => {
        assert.deepEqual(await ctlLines(server, ["get", "k4"]), ["k4", "detcd"]);
        const [member] = await ctlLines(server, ["member", "list"]);
        const client = `http://${server.endpoint}`;
        assert.equal(
          member,
          `8e9e05c52164694d, started, default, http://localhost:2380, ${client}, false`,
        );
      });
    }),
});

Deno.test({
  ...test,
  name: "detcd knows the members of a directory that etcdctl 3.4 restored, whose file names others",
  fn: () =>
    withDataDir(async (dataDir) => {
      const server = await ServerProcess.start("etcd");
      try {
        await ctlLines(server, ["put", "a", "1"]);
        const backup = join(server.dataDir, "backup");
        await ctlLines(server, ["snapshot", "save", backup]);
        const peer = "http://127.0.0.1:7";
        await ctlLines(server, [
          "snapshot",
          "restore",
          backup,
          `--data-dir=${dataDir}`,
          "--name=new",
          `--initial-cluster=new=${peer}`,
          `--initial-advertise-peer-urls=${peer}`,
        ]);
        await withDetcd(dataDir, "3.4", (restored) => {
          assert.deepEqual(restored.membership.list(), [{
            id: restored.memberId,
            peerUrls: [peer],
            isLearner: false,
            name: "ours",
            clientUrls: ["http://localhost:2379"],
          }]);
          assert.deepEqual(get(restored, "a"), { value: "1", revision: 2 });
          return Promise.resolve();
        });
      } finally {
        await server.dispose();
      }
    }),
});
