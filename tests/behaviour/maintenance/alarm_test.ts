import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import {
  AlarmAction,
  type AlarmMember,
  type AlarmRequest,
  AlarmType,
} from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets, type TestContext } from "../../harness/both_targets.ts";
import { ctlLines, etcdctl } from "../../harness/etcdctl.ts";
import { type GrpcClient, refusal, withClient } from "../../harness/grpc_client.ts";
import { httpRequest } from "../../harness/http1.ts";
import {
  deleteOp,
  deleteRange,
  headerOf,
  pairs,
  put,
  putOp,
  range,
  rangeOp,
  revisionOf,
  txn,
  txnOp,
} from "../../harness/kv_calls.ts";
import type { ServerProcess } from "../../harness/server_process.ts";

const NO_SPACE = {
  code: GrpcCode.ResourceExhausted,
  text: "etcdserver: mvcc: database space exceeded",
};
const CORRUPT = { code: GrpcCode.DataLoss, text: "etcdserver: corrupt cluster" };

async function change(client: GrpcClient, request: Partial<AlarmRequest>): Promise<AlarmMember[]> {
  return (await client.call(MAINTENANCE_SERVICE.alarm, request)).alarms;
}

function activate(client: GrpcClient, memberId: bigint, alarm: number): Promise<AlarmMember[]> {
  return change(client, { action: AlarmAction.ACTIVATE, memberId, alarm });
}

function deactivate(client: GrpcClient, memberId: bigint, alarm: number): Promise<AlarmMember[]> {
  return change(client, { action: AlarmAction.DEACTIVATE, memberId, alarm });
}

/** All alarms as short texts, sorted because etcd lists them in the order of a Go map. */
async function list(client: GrpcClient, alarm: number = AlarmType.NONE): Promise<string[]> {
  const alarms = await change(client, { action: AlarmAction.GET, alarm });
  return alarms.map(({ memberId, alarm }) => `${memberId}: ${alarm}`).toSorted();
}

/** Holds an alarm for as long as the body runs, for the tests of this file share a server. */
async function during(
  { client }: TestContext,
  type: number,
  body: (memberId: bigint) => Promise<void>,
): Promise<void> {
  const { memberId } = headerOf(await client.call(MAINTENANCE_SERVICE.status));
  await activate(client, memberId, type);
  try {
    await body(memberId);
  } finally {
    await deactivate(client, memberId, type);
  }
}

async function health({ server }: TestContext, query: string): Promise<[number, unknown]> {
  const { status, body } = await httpRequest(server.clientPort, `/health${query}`);
  const { health, reason } = JSON.parse(body);
  assert.equal(health, String(status === 200));
  return [status, reason];
}

/** etcd 3.4 gives no reasons. */
function reasonOn({ target }: TestContext, reason: string): string | undefined {
  return target === "etcd" ? undefined : reason;
}

describeBothTargets("alarms", (test) => {
  test("raising and putting out answer with the alarm they were about", async ({ client }) => {
    const alarm = { memberId: 7n, alarm: AlarmType.NOSPACE };
    assert.deepEqual(await activate(client, 7n, AlarmType.NOSPACE), [alarm]);
    assert.deepEqual(await activate(client, 7n, AlarmType.NOSPACE), [alarm]);
    assert.deepEqual(await list(client), ["7: 1"]);
    assert.deepEqual(await deactivate(client, 8n, AlarmType.NOSPACE), []);
    assert.deepEqual(await deactivate(client, 7n, AlarmType.CORRUPT), []);
    assert.deepEqual(await deactivate(client, 7n, AlarmType.NONE), []);
    assert.deepEqual(await list(client), ["7: 1"]);
    assert.deepEqual(await deactivate(client, 7n, AlarmType.NOSPACE), [alarm]);
    assert.deepEqual(await deactivate(client, 7n, AlarmType.NOSPACE), []);
    assert.deepEqual(await list(client), []);
  });

  test("an alarm of no type is not raised", async ({ client }) => {
    assert.deepEqual(await activate(client, 7n, AlarmType.NONE), []);
    assert.deepEqual(await list(client), []);
  }, { notOn: { etcd: "before 3.5 it was raised" } });

  test("they are listed by type, and no revision comes of them", async ({ client, prefix }) => {
    const revision = revisionOf(await put(client, `${prefix}a`, "1"));
    await activate(client, 7n, AlarmType.NOSPACE);
    await activate(client, 0n, AlarmType.NOSPACE);
    await activate(client, 7n, 9);
    assert.deepEqual(await list(client), ["0: 1", "7: 1", "7: 9"]);
    assert.deepEqual(await list(client, AlarmType.NOSPACE), ["0: 1", "7: 1"]);
    assert.deepEqual(await list(client, AlarmType.CORRUPT), []);
    const { errors } = await client.call(MAINTENANCE_SERVICE.status);
    assert.deepEqual(errors.toSorted(), [
      "alarm:NOSPACE ",
      "memberID:7 alarm:9 ",
      "memberID:7 alarm:NOSPACE ",
    ]);
    await deactivate(client, 0n, AlarmType.NOSPACE);
    await deactivate(client, 7n, AlarmType.NOSPACE);
    await deactivate(client, 7n, 9);
    assert.equal(revisionOf(await range(client, prefix)), revision);
  });

  test("NOSPACE refuses what takes space and nothing else", async (context) => {
    const { client, prefix } = context;
    await put(client, `${prefix}a`, "1");
    await put(client, `${prefix}b`, "1");
    const lease = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 600 });
    await during(context, AlarmType.NOSPACE, async () => {
      const before = revisionOf(await range(client, prefix));
      const putA = putOp(`${prefix}a`, "2");
      const deleteB = deleteOp(`${prefix}b`);
      assert.deepEqual(await refusal(put(client, `${prefix}a`, "2")), NO_SPACE);
      assert.deepEqual(await refusal(txn(client, { success: [deleteB, putA] })), NO_SPACE);
      // The branch that is not taken counts too.
      assert.deepEqual(
        await refusal(txn(client, { success: [deleteB], failure: [putA] })),
        NO_SPACE,
      );
      const grant = client.call(LEASE_SERVICE.leaseGrant, { ttl: 600 });
      assert.deepEqual(await refusal(grant), NO_SPACE);
      const { kvs } = await range(client, prefix, { rangeEnd: `${prefix}z` });
      assert.deepEqual(pairs(kvs, prefix), ["a=1", "b=1"]);
      assert.equal(revisionOf(await range(client, prefix)), before);
      await txn(client, { success: [rangeOp(`${prefix}a`)] });
      assert.equal(revisionOf(await txn(client, { success: [deleteB] })), before + 1);
      assert.equal((await deleteRange(client, `${prefix}a`)).deleted, 1);
      await client.call(KV_SERVICE.compact, { revision: before, physical: true });
      await client.call(LEASE_SERVICE.leaseRevoke, { id: lease.id });
    });
    await put(client, `${prefix}a`, "3");
  });

  test("NOSPACE refuses a put in a nested transaction", async (context) => {
    const { client, prefix } = context;
    await during(context, AlarmType.NOSPACE, async () => {
      const nested = txnOp({ failure: [txnOp({ success: [putOp(`${prefix}a`, "1")] })] });
      assert.deepEqual(await refusal(txn(client, { success: [nested] })), NO_SPACE);
      const empty = txnOp({ success: [deleteOp(`${prefix}a`)] });
      await txn(client, { success: [empty] });
    });
  }, { notOn: { etcd: "before 3.6.14 nested puts passed" } });

  test("CORRUPT refuses every change and no read", async (context) => {
    const { client, prefix } = context;
    const key = `${prefix}a`;
    const revision = revisionOf(await put(client, key, "1"));
    const lease = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 600 });
    await during(context, AlarmType.CORRUPT, async () => {
      const changes: (() => Promise<unknown>)[] = [
        () => put(client, key, "2"),
        () => deleteRange(client, key),
        () => txn(client, { success: [deleteOp(key)] }),
        () => txn(client, { success: [txnOp({ success: [rangeOp(key)] })] }),
        () => client.call(KV_SERVICE.compact, { revision }),
        () => client.call(LEASE_SERVICE.leaseGrant, { ttl: 600 }),
        () => client.call(LEASE_SERVICE.leaseRevoke, { id: lease.id }),
      ];
      for (const act of changes) assert.deepEqual(await refusal(act()), CORRUPT);
      assert.deepEqual(pairs((await range(client, key)).kvs, prefix), ["a=1"]);
      assert.equal((await txn(client, { success: [rangeOp(key)] })).succeeded, true);
    });
    assert.equal(revisionOf(await put(client, key, "3")), revision + 1);
    await client.call(LEASE_SERVICE.leaseRevoke, { id: lease.id });
  });

  test("a CORRUPT alarm beside a NOSPACE alarm leaves it in force", async (context) => {
    const { client, prefix } = context;
    await during(context, AlarmType.NOSPACE, async (memberId) => {
      await activate(client, memberId, AlarmType.CORRUPT);
      assert.deepEqual(await refusal(put(client, `${prefix}a`, "1")), CORRUPT);
      await deactivate(client, memberId, AlarmType.CORRUPT);
      assert.deepEqual(await refusal(put(client, `${prefix}a`, "1")), NO_SPACE);
    });
  }, { notOn: { etcd: "before 3.6 the one that came last took the place of the other" } });

  test("of one type, the last one to be put out counts", async (context) => {
    const { client, prefix } = context;
    await during(context, AlarmType.NOSPACE, async (memberId) => {
      await activate(client, 7n, AlarmType.NOSPACE);
      await deactivate(client, memberId, AlarmType.NOSPACE);
      assert.deepEqual(await refusal(put(client, `${prefix}a`, "1")), NO_SPACE);
      await deactivate(client, 7n, AlarmType.NOSPACE);
      await put(client, `${prefix}a`, "1");
    });
  });

  test("/health names the alarm, and forgives those that `exclude` names", async (context) => {
    const check = async (query: string, status: number, reason = ""): Promise<void> =>
      assert.deepEqual(await health(context, query), [status, reasonOn(context, reason)], query);
    await check("", 200);
    await during(context, AlarmType.NOSPACE, async () => {
      await check("", 503, "ALARM NOSPACE");
      await check("?serializable=true", 503, "ALARM NOSPACE");
      await check("?exclude=CORRUPT", 503, "ALARM NOSPACE");
      await check("?exclude=nospace", 503, "ALARM NOSPACE");
      await check("?exclude=NOSPACE", 200);
      await check("?exclude=&exclude=CORRUPT&exclude=NOSPACE", 200);
    });
    await during(context, AlarmType.CORRUPT, async () => {
      await check("?exclude=NOSPACE", 503, "ALARM CORRUPT");
    });
    await during(context, 9, async () => {
      await check("", 503, "ALARM UNKNOWN");
      await check("?exclude=9", 200);
    });
    await check("", 200);
  });

  test("etcdctl lists and disarms them", async (context) => {
    const { server } = context;
    assert.deepEqual(await ctlLines(server, ["alarm", "list"]), [""]);
    await during(context, AlarmType.NOSPACE, async (memberId) => {
      const line = `memberID:${memberId} alarm:NOSPACE `;
      assert.deepEqual(await ctlLines(server, ["alarm", "list"]), [line]);
      const { stderr } = await etcdctl(server, ["put", "a", "b"]);
      assert.match(stderr, /Error: etcdserver: mvcc: database space exceeded/);
      assert.deepEqual(await ctlLines(server, ["alarm", "disarm"]), [line]);
      assert.deepEqual(await ctlLines(server, ["alarm", "list"]), [""]);
      assert.deepEqual(await ctlLines(server, ["put", "a", "b"]), ["OK"]);
    });
  });

  test("etcd_debugging_server_alarms counts them", async (context) => {
    await during(context, AlarmType.NOSPACE, async (memberId) => {
      const { body } = await httpRequest(context.server.clientPort, "/metrics");
      const line = body.split("\n").find((each) =>
        each.startsWith("etcd_debugging_server_alarms{") && each.includes(memberId.toString(16))
      );
      assert.match(line ?? "", /alarm_type="NOSPACE".*\} 1$/);
    });
  }, { notOn: { etcd: "3.4 does not have it" } });

  test("a restart keeps them", async (context) => {
    const { client, prefix, server } = context;
    await put(client, `${prefix}a`, "1");
    const { memberId } = headerOf(await range(client, prefix));
    await activate(client, memberId, AlarmType.NOSPACE);
    await activate(client, 7n, AlarmType.NOSPACE);
    await deactivate(client, 7n, AlarmType.NOSPACE);
    await client.close();
    await server.stop();
    // It serves, but its health is what `restart()` would wait for.
    server.launch();
    await withClient(server, async (client) => {
      await untilServing(server, client);
      assert.deepEqual(await list(client), [`${memberId}: 1`]);
      assert.deepEqual(await refusal(put(client, `${prefix}a`, "2")), NO_SPACE);
      assert.deepEqual(pairs((await range(client, `${prefix}a`)).kvs, prefix), ["a=1"]);
      await deactivate(client, memberId, AlarmType.NOSPACE);
      await put(client, `${prefix}a`, "3");
    });
  });
});

/** Returns once the server answers, whatever it says of its health. */
async function untilServing(server: ServerProcess, client: GrpcClient): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      await httpRequest(server.clientPort, "/version");
      await range(client, "a");
      return;
    } catch (error) {
      if (attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
