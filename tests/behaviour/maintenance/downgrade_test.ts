import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { type DowngradeResponse, StatusResponse } from "../../../src/pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { eventually } from "../../harness/eventually.ts";
import { type GrpcClient, refusal, withClient } from "../../harness/grpc_client.ts";
import { httpRequest } from "../../harness/http1.ts";
import { range, revisionOf } from "../../harness/kv_calls.ts";
import type { ServerProcess } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

const [VALIDATE, ENABLE, CANCEL] = [0, 1, 2];

const WRONG_FORMAT = {
  code: GrpcCode.InvalidArgument,
  text: "etcdserver: wrong downgrade target version format",
};
const INVALID_TARGET = {
  code: GrpcCode.InvalidArgument,
  text: "etcdserver: invalid downgrade target version",
};
const IN_PROCESS = {
  code: GrpcCode.FailedPrecondition,
  text: "etcdserver: cluster has a downgrade job in progress",
};

function downgrade(
  client: GrpcClient,
  action: number,
  version = "",
): Promise<DowngradeResponse> {
  return client.call(MAINTENANCE_SERVICE.downgrade, { action, version });
}

function status(client: GrpcClient): Promise<StatusResponse> {
  return client.call(MAINTENANCE_SERVICE.status);
}

async function versions(server: ServerProcess): Promise<string> {
  return (await httpRequest(server.clientPort, "/version")).body;
}

async function untilStorageIs(client: GrpcClient, version: string): Promise<void> {
  await eventually(`the storage is of version ${version}`, async () => {
    return (await status(client)).storageVersion === version;
  });
}

describeBothTargets("downgrade", (test) => {
  test("is possible to the minor version below and to no other", async ({ client, prefix }) => {
    const revision = revisionOf(await range(client, prefix));
    for (const version of ["3.6", "3.6.0", "3.6.9", "3.6.0-rc.1", "3.6.0+x", "03.06"]) {
      const response = await downgrade(client, VALIDATE, version);
      assert.deepEqual([response.version, revisionOf(response)], ["3.7", revision], version);
    }
    for (const version of ["3.5.0", "3.7.0", "3.7", "3.8.0", "4.0.0", "2.6.0"]) {
      for (const action of [VALIDATE, ENABLE]) {
        const call = downgrade(client, action, version);
        assert.deepEqual(await refusal(call), INVALID_TARGET, version);
      }
    }
    for (const version of ["", "3", "v3.6", "abc", "3.6-rc", "3.6.", "3.6.0.0", " 3.6"]) {
      for (const action of [VALIDATE, ENABLE]) {
        assert.deepEqual(await refusal(downgrade(client, action, version)), WRONG_FORMAT, version);
      }
    }
  });

  test("knows three actions", async ({ client }) => {
    assert.deepEqual(await refusal(downgrade(client, 7, "3.6")), {
      code: GrpcCode.Unknown,
      text: "etcdserver: unknown method",
    });
  });

  test("that is not under way can be cancelled", async ({ client }) => {
    assert.equal((await downgrade(client, CANCEL)).version, "3.7");
    assert.deepEqual((await status(client)).downgradeInfo, { enabled: false, targetVersion: "" });
  });

  test("takes the cluster to the version, and back when it is cancelled", async (context) => {
    const { client, server } = context;
    assert.equal((await downgrade(client, ENABLE, "3.6.9")).version, "3.7");
    const enabled = { enabled: true, targetVersion: "3.6.0" };
    assert.deepEqual((await status(client)).downgradeInfo, enabled);
    assert.deepEqual(await refusal(downgrade(client, ENABLE, "3.6.0")), IN_PROCESS);
    assert.deepEqual(await refusal(downgrade(client, VALIDATE, "3.6.0")), IN_PROCESS);
    assert.deepEqual(await refusal(downgrade(client, ENABLE, "3.5.0")), INVALID_TARGET);
    await untilStorageIs(client, "3.6.0");
    assert.deepEqual((await status(client)).downgradeInfo, enabled, "until it runs that version");
    assert.equal(
      await versions(server),
      '{"etcdserver":"3.7.1","etcdcluster":"3.6.0","storage":"3.6.0"}',
    );
    assert.deepEqual(await refusal(downgrade(client, VALIDATE, "3.6.0")), INVALID_TARGET);
    assert.deepEqual(await refusal(downgrade(client, VALIDATE, "3.5.0")), IN_PROCESS);
    assert.equal((await downgrade(client, CANCEL)).version, "3.6");
    assert.deepEqual((await status(client)).downgradeInfo, { enabled: false, targetVersion: "" });
    await untilStorageIs(client, "3.7.0");
    assert.equal((await downgrade(client, CANCEL)).version, "3.7");
  });

  test("outlives a restart", async ({ client, server }) => {
    await downgrade(client, ENABLE, "3.6.0");
    await untilStorageIs(client, "3.6.0");
    await client.close();
    await server.kill();
    await server.restart();
    await withClient(server, async (again) => {
      // A kill may come before etcd has stored it; then it is found out anew.
      await untilStorageIs(again, "3.6.0");
      const { downgradeInfo } = await status(again);
      assert.deepEqual(downgradeInfo, { enabled: true, targetVersion: "3.6.0" });
      await downgrade(again, CANCEL);
      await untilStorageIs(again, "3.7.0");
    });
  });
}, { targets: NEWER_TARGET_NAMES, flags: ["--downgrade-check-time=1s"] });
