import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { concatBytes, latin1FromBytes } from "../../../src/base/bytes.ts";
import { AlarmAction, AlarmType } from "../../../src/pb/etcdserverpb.ts";
import { ServingStatus } from "../../../src/pb/healthpb.ts";
import {
  CLUSTER_SERVICE,
  HEALTH_SERVICE,
  KV_SERVICE,
  MAINTENANCE_SERVICE,
} from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { refusal, withClient } from "../../harness/grpc_client.ts";
import { headerOf, put, range, rangePrefix, revisionOf } from "../../harness/kv_calls.ts";
import { ServerProcess } from "../../harness/server_process.ts";

/** What etcd does and detcd is to do, once the issue that builds it is done. */
const LATER = { notOn: { detcd: "this call is not built yet" } };

describeBothTargets("maintenance", (test) => {
  test("status tells version, sizes, leader and raft's numbers", async ({ client, prefix }) => {
    const header = headerOf(await put(client, `${prefix}a`, "1"));
    const status = await client.call(MAINTENANCE_SERVICE.status);
    assert.match(status.version, /^3\.\d+\.\d+/);
    assert.ok(status.dbSize > 0 && status.dbSizeInUse > 0);
    assert.ok(status.dbSizeInUse <= status.dbSize);
    assert.deepEqual(
      [status.leader, status.isLearner, status.errors],
      [header.memberId, false, []],
    );
    assert.ok(status.raftIndex >= revisionOf(status) && status.raftAppliedIndex > 0);
    assert.ok(status.raftAppliedIndex <= status.raftIndex);
    assert.deepEqual([status.raftTerm, headerOf(status)], [header.raftTerm, header]);
  });

  test("the raft index grows with writes, not with reads", async ({ client, prefix }) => {
    const index = async (): Promise<number> =>
      (await client.call(MAINTENANCE_SERVICE.status)).raftIndex;
    const start = await index();
    for (let i = 0; i < 10; i++) await range(client, `${prefix}a`);
    const behindReads = await index();
    for (let i = 0; i < 10; i++) await put(client, `${prefix}a`, "1");
    const behindWrites = await index();
    // The server may propose something of its own in between.
    assert.ok(behindReads - start < 5 && behindWrites - behindReads >= 10);
  });

  test("the member list shows the one member as it was started", async ({ client, server }) => {
    const list = await client.call(CLUSTER_SERVICE.memberList, { linearizable: true });
    const header = headerOf(await client.call(MAINTENANCE_SERVICE.status));
    assert.equal(list.members.length, 1);
    assert.deepEqual(list.members[0], {
      id: header.memberId,
      name: "default",
      peerUrls: [`http://127.0.0.1:${server.peerPort}`],
      clientUrls: [`http://127.0.0.1:${server.clientPort}`],
      isLearner: false,
    });
    assert.deepEqual(
      [headerOf(list).clusterId, headerOf(list).memberId, headerOf(list).raftTerm],
      [header.clusterId, header.memberId, header.raftTerm],
    );
  });

  test("member changes that cannot be are refused", async ({ client }) => {
    assert.deepEqual(await refusal(client.call(CLUSTER_SERVICE.memberRemove, { id: 4711n })), {
      code: GrpcCode.NotFound,
      text: "etcdserver: member not found",
    });
    const update = { id: 4711n, peerUrls: ["http://127.0.0.1:1"] };
    assert.deepEqual(await refusal(client.call(CLUSTER_SERVICE.memberUpdate, update)), {
      code: GrpcCode.NotFound,
      text: "etcdserver: member not found",
    });
    const bad = { peerUrls: ["no url"] };
    assert.deepEqual(await refusal(client.call(CLUSTER_SERVICE.memberAdd, bad)), {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: given member URLs are invalid",
    });
  }, LATER);

  test("there are no alarms at first", async ({ client }) => {
    const { alarms } = await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.GET });
    assert.deepEqual(alarms, []);
  });

  test("an alarm that is raised shows, stops writes and can be put out", async (context) => {
    const { client, prefix } = context;
    await put(client, `${prefix}a`, "1");
    const { memberId } = headerOf(await range(client, prefix));
    const alarm = { memberId, alarm: AlarmType.NOSPACE };
    await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.ACTIVATE, ...alarm });
    try {
      const listed = await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.GET });
      assert.deepEqual(listed.alarms, [alarm]);
      assert.deepEqual((await client.call(MAINTENANCE_SERVICE.status)).errors, [
        `memberID:${memberId} alarm:NOSPACE `,
      ]);
      assert.deepEqual(await refusal(put(client, `${prefix}a`, "2")), {
        code: GrpcCode.ResourceExhausted,
        text: "etcdserver: mvcc: database space exceeded",
      });
      assert.equal((await range(client, `${prefix}a`)).count, 1);
    } finally {
      await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.DEACTIVATE, ...alarm });
    }
    assert.deepEqual((await client.call(MAINTENANCE_SERVICE.alarm)).alarms, []);
    await put(client, `${prefix}a`, "3");
  });

  test("hashkv is the same for the same data and changes with it", async ({ client, prefix }) => {
    const revision = revisionOf(await put(client, `${prefix}a`, "1"));
    const first = await client.call(MAINTENANCE_SERVICE.hashKv, { revision: 0 });
    assert.deepEqual(await client.call(MAINTENANCE_SERVICE.hashKv, { revision }), first);
    await put(client, `${prefix}a`, "2");
    const second = await client.call(MAINTENANCE_SERVICE.hashKv, { revision: 0 });
    assert.notEqual(second.hash, first.hash);
    const old = await client.call(MAINTENANCE_SERVICE.hashKv, { revision });
    assert.equal(old.hash, first.hash);
  });

  test("hashkv of the future is refused", async ({ client, prefix }) => {
    const revision = revisionOf(await put(client, `${prefix}a`, "1")) + 100;
    assert.deepEqual(await refusal(client.call(MAINTENANCE_SERVICE.hashKv, { revision })), {
      code: GrpcCode.OutOfRange,
      text: "etcdserver: mvcc: required revision is a future revision",
    });
  });

  test("defragment keeps everything", async ({ client, prefix }) => {
    for (let i = 0; i < 20; i++) await put(client, prefix + i, "x");
    const revision = revisionOf(await range(client, prefix));
    await client.call(KV_SERVICE.compact, { revision, physical: true });
    await client.call(MAINTENANCE_SERVICE.defragment);
    const { count } = await rangePrefix(client, prefix);
    assert.deepEqual([count, revisionOf(await range(client, prefix))], [20, revision]);
    assert.equal(revisionOf(await put(client, `${prefix}a`, "1")), revision + 1);
  });

  test("defragment may be asked for by several at a time; the answer is empty", async (context) => {
    const { client, prefix } = context;
    await put(client, `${prefix}a`, "1");
    const calls = Array.from({ length: 3 }, () => client.call(MAINTENANCE_SERVICE.defragment));
    assert.deepEqual(await Promise.all(calls), calls.map(() => ({ header: undefined })));
  });

  test("hash is the same as long as nothing changes", async ({ client, prefix }) => {
    const hash = async (): Promise<number> => {
      const response = await client.call(MAINTENANCE_SERVICE.hash);
      assert.equal(revisionOf(response), revisionOf(await range(client, prefix)));
      return response.hash;
    };
    await put(client, `${prefix}a`, "1");
    const first = await hash();
    // An entry in the log changes the index that the file holds, which does not count.
    await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.DEACTIVATE, alarm: 1 });
    assert.equal(await hash(), first);
    const several = await Promise.all([hash(), hash(), hash()]);
    assert.deepEqual(several, [first, first, first]);
    await put(client, `${prefix}a`, "1");
    assert.notEqual(await hash(), first);
  });

  test("status tells what versions from 3.6 on do", async ({ client }) => {
    const { storageVersion, downgradeInfo, dbSizeQuota } = await client.call(
      MAINTENANCE_SERVICE.status,
    );
    assert.deepEqual([storageVersion, downgradeInfo], ["3.7.0", {
      enabled: false,
      targetVersion: "",
    }]);
    assert.equal(dbSizeQuota, 2 * 1024 ** 3);
  }, { notOn: { etcd: "before 3.6 it did not" } });

  test("a snapshot counts down, and its last 32 bytes are its SHA-256", async (context) => {
    const { client, prefix } = context;
    await put(client, `${prefix}a`, "found in the snapshot");
    const stream = client.open(MAINTENANCE_SERVICE.snapshot);
    stream.send({});
    stream.halfClose();
    const pieces = await stream.rest();
    const file = concatBytes(pieces.map((piece) => piece.blob));
    const body = file.subarray(0, file.length - 32);
    assert.equal(body.length % 512, 0);
    assert.deepEqual(
      [...file.subarray(file.length - 32)],
      [...createHash("sha256").update(body).digest()],
    );
    assert.ok(latin1FromBytes(body).includes("found in the snapshot"));
    const remaining = pieces.map((piece) => piece.remainingBytes);
    assert.deepEqual(remaining, remaining.toSorted((a, b) => b - a));
    assert.equal(remaining.at(-1), 0);
    assert.equal(remaining[0], body.length - pieces[0].blob.length);
    assert.equal(pieces[0].blob.length, Math.min(32 * 1024, body.length));
    assert.equal(pieces.at(-1)?.blob.length, 32);
    const version = context.target === "etcd" ? "" : "3.7.0";
    assert.deepEqual(new Set(pieces.map((piece) => piece.version)), new Set([version]));
  });

  test("move-leader to nobody is refused", async ({ client }) => {
    assert.deepEqual(await refusal(client.call(MAINTENANCE_SERVICE.moveLeader, { targetId: 7n })), {
      code: GrpcCode.FailedPrecondition,
      text: "etcdserver: bad leader transferee",
    });
  }, LATER);

  test("the health service says that it serves", async ({ client }) => {
    const { status } = await client.call(HEALTH_SERVICE.check, { service: "" });
    assert.equal(status, ServingStatus.SERVING);
    const unknown = await refusal(client.call(HEALTH_SERVICE.check, { service: "no such" }));
    assert.deepEqual(unknown, { code: GrpcCode.NotFound, text: "unknown service" });
  });

  test("the health service can be watched", async ({ client }) => {
    const stream = client.open(HEALTH_SERVICE.watch);
    stream.send({ service: "" });
    assert.equal((await stream.next()).status, ServingStatus.SERVING);
  });

  test("a restart keeps ids, revision and data, and begins a new term", async (context) => {
    const { client, prefix, server } = context;
    const before = headerOf(await put(client, `${prefix}a`, "1"));
    await client.close();
    await server.stop();
    await server.restart();
    const response = await withClient(server, (client) => range(client, `${prefix}a`));
    const after = headerOf(response);
    assert.deepEqual(
      [after.clusterId, after.memberId, after.revision, response.count],
      [before.clusterId, before.memberId, before.revision, 1],
    );
    assert.ok(after.raftTerm > before.raftTerm);
  });

  test("a stop by SIGTERM ends by that signal, as shells expect it", async ({ target }) => {
    const server = await ServerProcess.start(target);
    try {
      assert.equal(await server.stop(), "SIGTERM");
      assert.ok(!server.isRunning);
    } finally {
      await server.dispose();
    }
  });
});
