import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { ManualClock } from "../../src/base/manual_clock.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import { LeaseGrantRequest } from "../../src/pb/etcdserverpb.ts";
import { CLUSTER_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { LeaseGrantOperation } from "../../src/server/operations/lease.ts";
import { startServer, testConfig } from "../../src/server/testing/server_fixtures.ts";
import { eventually } from "../harness/eventually.ts";
import { type GrpcClient, withClient } from "../harness/grpc_client.ts";
import { put, range } from "../harness/kv_calls.ts";
import { withDataDir } from "../harness/data_dir.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { type TargetName, whyMissing } from "../harness/targets.ts";

const [ENABLE, CANCEL] = [1, 2];
const NO_DOWNGRADE = { enabled: false, targetVersion: "" };
const TO_3_6 = { enabled: true, targetVersion: "3.6.0" };

/** Runs a server on the data and ends it as an operator would. */
async function withServer(
  target: TargetName,
  dataDir: string,
  use: (client: GrpcClient) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  const server = await ServerProcess.start(target, { dataDir, flags });
  try {
    await withClient(server, use);
    await server.stop();
  } catch (error) {
    console.error(`the end of ${target}'s log:\n${server.logTail(12)}`);
    throw error;
  } finally {
    await server.dispose();
  }
}

/** Defines a test that needs real servers; where one is missing it is skipped and says why. */
function exchangeTest(
  name: string,
  needs: readonly TargetName[],
  fn: (dataDir: string) => Promise<void>,
): void {
  const reason = needs.map(whyMissing).find((missing) => missing !== undefined);
  Deno.test({
    name: reason === undefined ? name : `${name} - not run: ${reason}`,
    ignore: reason !== undefined,
    fn: () => withDataDir(fn),
  });
}

async function peerUrls(client: GrpcClient): Promise<string[]> {
  const { members } = await client.call(CLUSTER_SERVICE.memberList, { linearizable: true });
  assert.equal(members.length, 1);
  return members[0].peerUrls;
}

async function update(client: GrpcClient, ...urls: string[]): Promise<void> {
  const { members } = await client.call(CLUSTER_SERVICE.memberList, { linearizable: true });
  await client.call(CLUSTER_SERVICE.memberUpdate, { id: members[0].id, peerUrls: urls });
}

async function untilStorageIs(client: GrpcClient, version: string): Promise<void> {
  await eventually(`the storage is of version ${version}`, async () => {
    return (await client.call(MAINTENANCE_SERVICE.status)).storageVersion === version;
  });
}

const LINES: readonly (readonly [TargetName, string])[] = [["etcd", "3.4"], ["etcd-3.7", "3.7"]];
for (const [etcd, line] of LINES) {
  exchangeTest(
    `${etcd} and detcd find each other's updates of peer URLs`,
    [etcd],
    async (dataDir) => {
      const flags = [`--compat-version=${line}`];
      const detcd = (use: (client: GrpcClient) => Promise<void>) =>
        withServer("detcd", dataDir, use, flags);
      await detcd((client) => update(client, "http://127.0.0.1:9", "http://127.0.0.1:8"));
      await withServer(etcd, dataDir, async (client) => {
        assert.deepEqual(await peerUrls(client), ["http://127.0.0.1:9", "http://127.0.0.1:8"]);
        await update(client, "http://127.0.0.1:7");
      });
      await detcd(async (client) => {
        assert.deepEqual(await peerUrls(client), ["http://127.0.0.1:7"]);
        await update(client, "http://127.0.0.1:6");
      });
      await withServer(etcd, dataDir, async (client) => {
        assert.deepEqual(await peerUrls(client), ["http://127.0.0.1:6"]);
      });
    },
  );
}

exchangeTest(
  "etcd 3.7 goes on with a downgrade that detcd began",
  ["etcd-3.7"],
  async (dataDir) => {
    await withServer("detcd", dataDir, async (client) => {
      await put(client, "a", "1");
      await client.call(MAINTENANCE_SERVICE.downgrade, { action: ENABLE, version: "3.6.0" });
      await untilStorageIs(client, "3.6.0");
      await put(client, "b", "2");
    });
    await withServer("etcd-3.7", dataDir, async (client) => {
      const status = await client.call(MAINTENANCE_SERVICE.status);
      assert.deepEqual([status.storageVersion, status.downgradeInfo], ["3.6.0", TO_3_6]);
      assert.equal((await range(client, "b")).kvs.length, 1);
      await client.call(MAINTENANCE_SERVICE.downgrade, { action: CANCEL });
      await untilStorageIs(client, "3.7.0");
    });
    await withServer("detcd", dataDir, async (client) => {
      const status = await client.call(MAINTENANCE_SERVICE.status);
      assert.deepEqual([status.storageVersion, status.downgradeInfo], ["3.7.0", NO_DOWNGRADE]);
    });
  },
);

exchangeTest(
  "detcd as 3.6 ends a downgrade that etcd 3.7 began, and as 3.7 takes it back up",
  ["etcd-3.7"],
  async (dataDir) => {
    await withServer("etcd-3.7", dataDir, async (client) => {
      await put(client, "a", "1");
      await client.call(MAINTENANCE_SERVICE.downgrade, { action: ENABLE, version: "3.6.0" });
      await untilStorageIs(client, "3.6.0");
    });
    await withServer("detcd", dataDir, async (client) => {
      await eventually("the downgrade is over", async () => {
        const { downgradeInfo } = await client.call(MAINTENANCE_SERVICE.status);
        return downgradeInfo?.enabled === false;
      });
      assert.equal((await client.call(MAINTENANCE_SERVICE.status)).version, "3.6.14");
    }, ["--compat-version=3.6", "--downgrade-check-time=200ms"]);
    await withServer("detcd", dataDir, async (client) => {
      const status = await client.call(MAINTENANCE_SERVICE.status);
      assert.deepEqual([status.storageVersion, status.downgradeInfo], ["3.7.0", NO_DOWNGRADE]);
      assert.equal((await range(client, "a")).kvs.length, 1);
    });
    await withServer("etcd-3.7", dataDir, async (client) => {
      assert.equal((await range(client, "a")).kvs.length, 1);
    });
  },
);

exchangeTest("etcd 3.4 starts on a directory with a downgrade in it", ["etcd"], async (dataDir) => {
  await withServer("detcd", dataDir, async (client) => {
    await put(client, "a", "1");
    await client.call(MAINTENANCE_SERVICE.downgrade, { action: ENABLE, version: "3.6.0" });
    await untilStorageIs(client, "3.6.0");
  });
  await withServer("detcd", dataDir, async (client) => {
    await put(client, "b", "2");
  }, ["--compat-version=3.4"]);
  await withServer("etcd", dataDir, async (client) => {
    assert.equal((await range(client, "a", { rangeEnd: "c" })).kvs.length, 2);
  });
});

exchangeTest("etcd 3.7 gives leases what detcd noted as left", ["etcd-3.7"], async (dataDir) => {
  const clock = new ManualClock();
  const server = await startServer(testConfig(undefined, {
    disk: { fileSystem: new DenoFileSystem(), dataDir, walDir: "", unsafeNoFsync: false },
    leases: { checkpoint: true, persistCheckpoints: true },
    clock,
  }));
  const request = LeaseGrantRequest.create({ id: 7n, ttl: 1000 });
  await new Promise((applied, failed) => {
    const operation = new LeaseGrantOperation(request, { applied, failed });
    server.proposeEncoded(operation, LeaseGrantRequest.encode(request));
  });
  clock.advance(300_000);
  while (server.pendingProposalCount > 0) await setImmediate();
  await server.stop();
  await withServer("etcd-3.7", dataDir, async (client) => {
    const { ttl, grantedTtl } = await client.call(LEASE_SERVICE.leaseTimeToLive, { id: 7n });
    assert.equal(grantedTtl, 1000);
    assert.ok(ttl > 600 && ttl <= 701, `${ttl} seconds are left`);
  });
});
