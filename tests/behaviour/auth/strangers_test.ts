import assert from "node:assert/strict";
import { newMemoryConfig, startEtcd } from "../../../mod.ts";
import { ETCD_ERRORS } from "../../../src/core/errors.ts";
import {
  DeleteRangeRequest,
  MemberAddRequest,
  PutRequest,
  TxnRequest,
} from "../../../src/pb/etcdserverpb.ts";
import {
  AUTH_SERVICE,
  CLUSTER_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
} from "../../../src/pb/services.ts";
import { putOp } from "../../harness/kv_calls.ts";
import { metricsOf } from "../../stress/held.ts";
import { Http2Session, message } from "../../stress/http2_session.ts";

const put = PutRequest.create({ key: "k", value: new Uint8Array(100_000) });

/** Requests that would be entries of the log. */
const WRITES: readonly (readonly [path: string, request: Uint8Array])[] = [
  [KV_SERVICE.put.path, PutRequest.encode(put)],
  [KV_SERVICE.deleteRange.path, DeleteRangeRequest.encode(DeleteRangeRequest.create({ key: "k" }))],
  [KV_SERVICE.txn.path, TxnRequest.encode(TxnRequest.create({ success: [putOp("k", "v")] }))],
  [
    CLUSTER_SERVICE.memberAdd.path,
    MemberAddRequest.encode(MemberAddRequest.create({ peerUrls: ["http://h:1"] })),
  ],
  ...[
    KV_SERVICE.compact,
    LEASE_SERVICE.leaseGrant,
    LEASE_SERVICE.leaseRevoke,
    CLUSTER_SERVICE.memberRemove,
    AUTH_SERVICE.authEnable,
    AUTH_SERVICE.authDisable,
    AUTH_SERVICE.userAdd,
    AUTH_SERVICE.userDelete,
    AUTH_SERVICE.userChangePassword,
    AUTH_SERVICE.userGrantRole,
    AUTH_SERVICE.userRevokeRole,
    AUTH_SERVICE.roleAdd,
    AUTH_SERVICE.roleDelete,
    AUTH_SERVICE.roleGrantPermission,
    AUTH_SERVICE.roleRevokePermission,
  ].map(({ path }): readonly [string, Uint8Array] => [path, new Uint8Array(0)]),
];

async function committedCount(port: number): Promise<number | undefined> {
  return (await metricsOf(port)).get("etcd_server_proposals_committed_total");
}

Deno.test("nothing that a stranger asks for reaches the log", async () => {
  await using etcd = await startEtcd(newMemoryConfig());
  await etcd.server.readyNotify();
  await using client = etcd.client();
  await client.auth.addUser("root", { password: "secret" });
  await client.auth.grantRole("root", "root");
  await client.auth.enable();
  const { port } = etcd.clients[0];
  const before = await committedCount(port);
  assert.ok(before !== undefined);
  const refused = [
    [[], ETCD_ERRORS.userEmpty],
    [["token", "made up"], ETCD_ERRORS.invalidAuthToken],
  ] as const;
  for (const [fields, { code, message: text }] of refused) {
    const session = await Http2Session.open(port);
    const answers = WRITES.map(([path, request]) => {
      return session.request(path, { body: message(request), fields });
    });
    await session.untilAllOver();
    for (const { path, grpcStatus, grpcMessage } of answers) {
      assert.deepEqual([grpcStatus, grpcMessage], [code, text], path);
    }
    await session.close();
  }
  assert.equal(await committedCount(port), before);
});
