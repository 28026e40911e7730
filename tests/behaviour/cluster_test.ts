import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import type { Member } from "../../src/pb/etcdserverpb.ts";
import { CLUSTER_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { describeBothTargets } from "../harness/both_targets.ts";
import { type GrpcClient, refusal, withClient } from "../harness/grpc_client.ts";
import { revisionOf } from "../harness/kv_calls.ts";

const UNKNOWN_ID = 5n;
const NOT_FOUND = { code: GrpcCode.NotFound, text: "etcdserver: member not found" };
const BAD_URLS = {
  code: GrpcCode.InvalidArgument,
  text: "etcdserver: given member URLs are invalid",
};

async function onlyMember(client: GrpcClient): Promise<Member> {
  const { members } = await client.call(CLUSTER_SERVICE.memberList, { linearizable: true });
  assert.equal(members.length, 1);
  return members[0];
}

describeBothTargets("cluster", (test) => {
  test("tells its only member, also without asking the log", async ({ client, server }) => {
    for (const linearizable of [true, false]) {
      const response = await client.call(CLUSTER_SERVICE.memberList, { linearizable });
      const [member] = response.members;
      assert.deepEqual(member.peerUrls, [`http://127.0.0.1:${server.peerPort}`]);
      assert.deepEqual(member.clientUrls, [`http://${server.endpoint}`]);
      assert.deepEqual([member.name, member.isLearner], ["default", false]);
      assert.equal(revisionOf(response), 0, "headers of this service have no revision");
      assert.equal(response.header?.memberId, member.id);
    }
  });

  test("updates peer URLs in the order given, and keeps them", async ({ client, server }) => {
    const before = await onlyMember(client);
    const peerUrls = ["http://127.0.0.1:9", "http://127.0.0.1:8"];
    const updated = await client.call(CLUSTER_SERVICE.memberUpdate, { id: before.id, peerUrls });
    assert.deepEqual(updated.members, [{ ...before, peerUrls }]);
    assert.equal(revisionOf(updated), 0);
    await client.close();
    await server.stop();
    await server.restart();
    await withClient(server, async (again) => {
      assert.deepEqual(await onlyMember(again), { ...before, peerUrls });
      const back = { id: before.id, peerUrls: before.peerUrls };
      await again.call(CLUSTER_SERVICE.memberUpdate, back);
      assert.deepEqual(await onlyMember(again), before);
    });
  });

  test("updates as many at a time as are asked for", async ({ client }) => {
    const { id, peerUrls } = await onlyMember(client);
    const port = (n: number): string[] => [`http://127.0.0.1:${n}`];
    const updates = [7, 8, 9].map((n) =>
      client.call(CLUSTER_SERVICE.memberUpdate, { id, peerUrls: port(n) })
    );
    for (const { members } of await Promise.all(updates)) assert.equal(members.length, 1);
    assert.deepEqual((await onlyMember(client)).peerUrls, port(9));
    await client.call(CLUSTER_SERVICE.memberUpdate, { id, peerUrls });
  }, {
    notOn: {
      etcd: "it drops a change that another one is before",
      "etcd-3.7": "it drops a change that another one is before",
    },
  });

  test("refuses to update what is not there", async ({ client }) => {
    const request = { id: UNKNOWN_ID, peerUrls: ["http://127.0.0.1:9"] };
    assert.deepEqual(await refusal(client.call(CLUSTER_SERVICE.memberUpdate, request)), NOT_FOUND);
  });

  test("refuses to update to what are no URLs", async ({ client }) => {
    const { id } = await onlyMember(client);
    for (const peerUrls of [[], ["bad"], ["http://127.0.0.1:9/path"]]) {
      const call = client.call(CLUSTER_SERVICE.memberUpdate, { id, peerUrls });
      assert.deepEqual(await refusal(call), BAD_URLS);
    }
  }, { notOn: { etcd: "it takes them", "etcd-3.7": "it takes them" } });

  test("refuses to add by bad or taken URLs", async ({ client, server }) => {
    for (const peerUrls of [[], ["bad"], ["http://127.0.0.1:7/x"], ["ftp://127.0.0.1:7"]]) {
      const call = client.call(CLUSTER_SERVICE.memberAdd, { peerUrls });
      assert.deepEqual(await refusal(call), BAD_URLS, String(peerUrls));
    }
    const peerUrls = ["http://127.0.0.1:9", `http://127.0.0.1:${server.peerPort}`];
    for (const isLearner of [false, true]) {
      assert.deepEqual(
        await refusal(client.call(CLUSTER_SERVICE.memberAdd, { peerUrls, isLearner })),
        { code: GrpcCode.FailedPrecondition, text: "etcdserver: Peer URLs already exists" },
      );
    }
  });

  test("refuses to remove its last member, and what is not there", async ({ client }) => {
    const { id } = await onlyMember(client);
    assert.deepEqual(await refusal(client.call(CLUSTER_SERVICE.memberRemove, { id })), {
      code: GrpcCode.Unknown,
      text: "etcdserver: re-configuration failed due to not enough started members",
    });
    const unknown = client.call(CLUSTER_SERVICE.memberRemove, { id: UNKNOWN_ID });
    assert.deepEqual(await refusal(unknown), NOT_FOUND);
    assert.equal((await onlyMember(client)).id, id);
  });

  test("refuses to promote who votes already, and what is not there", async ({ client }) => {
    const { id } = await onlyMember(client);
    assert.deepEqual(await refusal(client.call(CLUSTER_SERVICE.memberPromote, { id })), {
      code: GrpcCode.FailedPrecondition,
      text: "etcdserver: can only promote a learner member",
    });
    const unknown = client.call(CLUSTER_SERVICE.memberPromote, { id: UNKNOWN_ID });
    assert.deepEqual(await refusal(unknown), NOT_FOUND);
  });

  test("moves the leader to itself and to nobody else", async ({ client }) => {
    const { id } = await onlyMember(client);
    const moved = await client.call(MAINTENANCE_SERVICE.moveLeader, { targetId: id });
    assert.equal(moved.header, undefined);
    for (const targetId of [0n, UNKNOWN_ID]) {
      const call = client.call(MAINTENANCE_SERVICE.moveLeader, { targetId });
      assert.deepEqual(await refusal(call), {
        code: GrpcCode.FailedPrecondition,
        text: "etcdserver: bad leader transferee",
      });
    }
  });

  test("refuses a second member and says why", async ({ client }) => {
    for (const isLearner of [false, true]) {
      const request = { peerUrls: ["http://127.0.0.1:9"], isLearner };
      const { code, text } = await refusal(client.call(CLUSTER_SERVICE.memberAdd, request));
      assert.equal(code, GrpcCode.Unimplemented);
      assert.match(text, /^detcd: cannot add .*http:\/\/127\.0\.0\.1:9.*clusters of one member/);
    }
    await onlyMember(client);
  }, { notOn: { etcd: "it takes it", "etcd-3.7": "it takes it" } });
});

describeBothTargets("cluster without room for learners", (test) => {
  test("refuses them", async ({ client }) => {
    const request = { peerUrls: ["http://127.0.0.1:9"], isLearner: true };
    assert.deepEqual(await refusal(client.call(CLUSTER_SERVICE.memberAdd, request)), {
      code: GrpcCode.FailedPrecondition,
      text: "etcdserver: too many learner members in cluster",
    });
  });
}, { targets: ["etcd-3.7", "detcd"], flags: ["--max-learners=0"] });

describeBothTargets("cluster that checks no changes", (test) => {
  test("keeps its last member all the same", async ({ client }) => {
    const { id } = await onlyMember(client);
    const { code } = await refusal(client.call(CLUSTER_SERVICE.memberRemove, { id }));
    assert.equal(code, GrpcCode.Unknown);
    assert.equal((await onlyMember(client)).id, id);
  });
}, { targets: ["detcd"], flags: ["--strict-reconfig-check=false"] });
