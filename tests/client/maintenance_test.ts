import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { connect } from "../../src/embed/client/connect.ts";
import { AlarmAction, AlarmType } from "../../src/pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { describeBothTargets } from "../harness/both_targets.ts";
import { NEWER_TARGET_NAMES } from "../harness/targets.ts";

describeBothTargets("client for operators", (test) => {
  test("changes members, as far as one has it", async ({ server }) => {
    await using client = await connect(server.endpoint);
    const [member] = await client.members();
    const peerUrls = ["http://127.0.0.1:9"];
    assert.deepEqual(await client.cluster.update(member.id, peerUrls), [{ ...member, peerUrls }]);
    await client.cluster.update(member.id, member.peerUrls);
    const notFound = { code: GrpcCode.NotFound, message: "etcdserver: member not found" };
    await assert.rejects(client.cluster.update(5n, peerUrls), notFound);
    await assert.rejects(client.cluster.remove(5n), notFound);
    await assert.rejects(client.cluster.promote(5n), notFound);
    await assert.rejects(client.cluster.promote(member.id), {
      code: GrpcCode.FailedPrecondition,
    });
    await assert.rejects(client.cluster.add(["bad"]), { code: GrpcCode.InvalidArgument });
    await assert.rejects(client.cluster.add(member.peerUrls, { isLearner: true }), {
      code: GrpcCode.FailedPrecondition,
    });
  });

  test("moves the leader", async ({ server }) => {
    await using client = await connect(server.endpoint);
    const { leader } = await client.status();
    await client.maintenance.moveLeader(leader);
    await assert.rejects(client.maintenance.moveLeader(5n), { code: GrpcCode.FailedPrecondition });
  });

  test("lists alarms and puts them out", async ({ server, client: grpc }) => {
    await using client = await connect(server.endpoint);
    const { memberId } = await client.status();
    const raise = (id: bigint, alarm: number) =>
      grpc.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.ACTIVATE, memberId: id, alarm });
    assert.deepEqual(await client.maintenance.alarms(), []);
    assert.deepEqual(await client.maintenance.disarm(), []);
    await raise(memberId, AlarmType.NOSPACE);
    await raise(77n, AlarmType.NOSPACE);
    const own = { memberId, kind: "NOSPACE" };
    const other = { memberId: 77n, kind: "NOSPACE" };
    assert.equal((await client.maintenance.alarms()).length, 2);
    assert.deepEqual(await client.maintenance.disarm({ kind: "CORRUPT" }), []);
    assert.deepEqual(await client.maintenance.disarm({ memberId: 77n }), [other]);
    assert.deepEqual(await client.maintenance.alarms(), [own]);
    assert.deepEqual(await client.maintenance.disarm(), [own]);
    assert.deepEqual(await client.maintenance.alarms(), []);
  });
});

describeBothTargets("client for downgrades", (test) => {
  test("asks, enables and cancels", async ({ server }) => {
    await using client = await connect(server.endpoint);
    const { maintenance } = client;
    assert.equal(await maintenance.validateDowngrade("3.6"), "3.7");
    await assert.rejects(maintenance.validateDowngrade("3.5"), { code: GrpcCode.InvalidArgument });
    assert.equal(await maintenance.enableDowngrade("3.6"), "3.7");
    assert.equal((await client.status()).downgradeTarget, "3.6.0");
    await assert.rejects(maintenance.enableDowngrade("3.6"), {
      code: GrpcCode.FailedPrecondition,
    });
    assert.equal(await maintenance.cancelDowngrade(), "3.7");
    assert.equal((await client.status()).downgradeTarget, "");
  });
}, { targets: NEWER_TARGET_NAMES });
