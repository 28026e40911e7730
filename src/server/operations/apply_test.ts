import assert from "node:assert/strict";
import { type LogFields, type Logger, silentLogger } from "../../base/log.ts";
import { ClusterVersionRefused } from "../../core/members/cluster_version.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { LeaseCheckpointRequest, Request } from "../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../etcd_server.ts";
import { startServer, testConfig } from "../testing/server_fixtures.ts";
import { LeaseCheckpointOperation } from "./lease.ts";
import { V2Operation } from "./v2.ts";

function proposeV2(server: EtcdServer, fields: Partial<Request>): Promise<void> {
  const request = Request.create({ id: server.newRequestId(), ...fields });
  return new Promise((applied, failed) => {
    server.propose(new V2Operation(request, { applied, failed }), Request.encode(request));
  });
}

function checkpoint(
  server: EtcdServer,
  checkpoints: LeaseCheckpointRequest["checkpoints"],
): Promise<void> {
  const request = LeaseCheckpointRequest.create({ checkpoints });
  return new Promise((applied, failed) => {
    const operation = new LeaseCheckpointOperation(request, { applied, failed });
    server.proposeEncoded(operation, LeaseCheckpointRequest.encode(request));
  });
}

Deno.test("V2Operation warns once of all writes that it skips, and of nothing else", async () => {
  const warnings: (LogFields | undefined)[] = [];
  const logger: Logger = { ...silentLogger, warn: (_message, fields) => warnings.push(fields) };
  const server = await startServer(testConfig(undefined, { logger }));
  await proposeV2(server, { method: "QGET" });
  await proposeV2(server, { method: "SYNC", time: 5n });
  await proposeV2(server, { method: "PUT", path: "/0/version", val: "3.7.0" });
  assert.deepEqual(warnings, []);
  await proposeV2(server, { method: "PUT", path: "/1/a", val: "x" });
  await proposeV2(server, { method: "DELETE", path: "/1/b" });
  await proposeV2(server, { method: "POST", path: "/1/c" });
  assert.deepEqual(warnings, [{ method: "PUT", path: "/1/a" }]);
  assert.equal(server.store.currentRevision, 1);
  await server.stop();
});

Deno.test("a member stops when the log sets a cluster version above all that it knows", async () => {
  const server = await startServer(testConfig(undefined));
  // What cannot be applied has no outcome that somebody could be told.
  void proposeV2(server, { method: "PUT", path: "/0/version", val: "3.8.0" });
  await server.stopNotify;
  assert.ok(server.failure instanceof ClusterVersionRefused);
  assert.equal(server.membership.clusterVersion, "3.7.0");
});

Deno.test("LeaseCheckpointOperation notes what is left of leases, up to one that is gone", async () => {
  const server = await startServer(testConfig(undefined));
  for (const id of [1n, 2n, 3n]) server.lessor.grant(id, 1000, 0);
  await checkpoint(server, [{ id: 1n, remainingTtl: 9 }, { id: 2n, remainingTtl: 8 }]);
  const left = () => [1n, 2n, 3n].map((id) => server.lessor.get(id)?.remainingTtlSeconds);
  assert.deepEqual(left(), [9, 8, 0]);
  const partly = [{ id: 1n, remainingTtl: 0 }, { id: 7n, remainingTtl: 1 }, {
    id: 3n,
    remainingTtl: 5,
  }];
  await assert.rejects(checkpoint(server, partly), ETCD_ERRORS.leaseNotFound);
  assert.deepEqual(left(), [0, 8, 0]);
  await server.stop();
});
