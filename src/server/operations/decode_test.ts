import assert from "node:assert/strict";
import { bytesEqual, EMPTY_BYTES } from "../../base/bytes.ts";
import { ClusterVersionRefused } from "../../core/members/cluster_version.ts";
import { Membership } from "../../core/members/membership.ts";
import { DecodeError } from "../../pb/decode_error.ts";
import { NOBODY } from "../../core/auth/requester.ts";
import { Permission } from "../../pb/authpb.ts";
import {
  AuthUserAddRequest,
  AuthUserGetRequest,
  CompactionRequest,
  InternalRaftRequest,
  LeaseCheckpointRequest,
  PutRequest,
  RangeRequest,
  Request,
  RequestHeader,
} from "../../pb/etcdserverpb.ts";
import { ClusterVersionSetRequest, DowngradeInfoSetRequest } from "../../pb/membershippb.ts";
import { AuthChangeOperation } from "./auth_changes.ts";
import { AuthenticateOperation } from "./authenticate.ts";
import { decodeMembershipOperation, decodeOperation, UnknownOperation } from "./decode.ts";
import { layoutOf } from "./entry_layout.ts";
import { OperationField } from "./field.ts";
import { DowngradeInfoSetOperation } from "./cluster.ts";
import { LeaseCheckpointOperation } from "./lease.ts";
import { PutOperation } from "./kv.ts";
import { NoOperation } from "./no_operation.ts";
import { V2Operation } from "./v2.ts";

const MEMBER_ID = 0xbdae_9bbc_11dd_390dn;

/** Entries that etcd 3.4.23 wrote. */
const REAL = {
  publish:
    "0881fe81f09dc1e8863912035055541a262f302f6d656d626572732f626461653962626331316464333930" +
    "642f6174747269627574657322357b226e616d65223a226e31222c22636c69656e7455524c73223a5b22687474" +
    "703a2f2f3132372e302e302e313a3233373931225d7d28003200380048005000580060006800700078008001" +
    "00",
  version: "0884fe81f09dc1e8863912035055541a0a2f302f76657273696f6e2205332e342e3028003200380048005" +
    "00058006000680070007800800100",
  health: "0885fe81f09dc1e886391204514745541a0022002800320038004800500058006000680070007800800100",
} as const;

function v2(fields: Partial<Request>): Uint8Array {
  return Request.encode(Request.create({ id: 0xc7a5_a207_0a1a_7001n, ...fields }));
}

function v3(fields: Partial<InternalRaftRequest>): Uint8Array {
  const header = RequestHeader.create({ id: 0xc7a5_a207_0a1a_7001n });
  return InternalRaftRequest.encode(InternalRaftRequest.create({ header, ...fields }));
}

function memberless(): Membership {
  return new Membership(1n);
}

function withMember(): Membership {
  const membership = memberless();
  membership.add({
    id: MEMBER_ID,
    peerUrls: ["http://127.0.0.1:2380"],
    isLearner: false,
    name: "",
    clientUrls: [],
  });
  return membership;
}

Deno.test("decodeOperation() takes the bare v2 requests of etcd 3.4 for what they are", () => {
  for (const hex of Object.values(REAL)) {
    const data = Uint8Array.fromHex(hex);
    assert.ok(decodeOperation(data, 1) instanceof V2Operation);
    assert.ok(layoutOf(data).isBareV2);
    assert.ok(bytesEqual(Request.encode(Request.decode(data)), data), "ours are of the same form");
  }
});

Deno.test("a v2 request cannot be parsed as an InternalRaftRequest, whatever its method", () => {
  for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "QGET", "SYNC"]) {
    const data = v2({ method, path: "/1/some/key", val: "x" });
    assert.throws(() => InternalRaftRequest.decode(data), DecodeError);
    assert.ok(layoutOf(data).isBareV2, method);
  }
});

Deno.test("decodeMembershipOperation() applies what members publish in either form", () => {
  const membership = withMember();
  const apply = (data: Uint8Array) => decodeMembershipOperation(data)?.applyTo(membership);
  apply(Uint8Array.fromHex(REAL.publish));
  apply(Uint8Array.fromHex(REAL.version));
  assert.equal(membership.clusterVersion, "3.4.0");
  assert.equal(membership.get(MEMBER_ID)?.name, "n1");
  assert.deepEqual(membership.get(MEMBER_ID)?.clientUrls, ["http://127.0.0.1:23791"]);

  apply(v3({ clusterVersionSet: ClusterVersionSetRequest.create({ ver: "3.6.0" }) }));
  apply(v3({
    clusterMemberAttrSet: {
      memberId: MEMBER_ID,
      memberAttributes: { name: "n3", clientUrls: ["http://c:1", "http://c:2"] },
    },
  }));
  assert.equal(membership.clusterVersion, "3.6.0");
  assert.deepEqual(membership.list().map(({ name, clientUrls }) => [name, clientUrls]), [
    ["n3", ["http://c:1", "http://c:2"]],
  ]);
});

Deno.test("decodeMembershipOperation() applies a v2 request inside of an InternalRaftRequest", () => {
  const membership = withMember();
  const request = Request.create({ method: "PUT", path: "/0/version", val: "3.5.0" });
  const data = v3({ v2: request });
  assert.ok(!layoutOf(data).isBareV2);
  assert.ok(decodeOperation(data, 1) instanceof V2Operation);
  decodeMembershipOperation(data)?.applyTo(membership);
  assert.equal(membership.clusterVersion, "3.5.0");
});

Deno.test("decodeMembershipOperation() changes nothing by other entries", () => {
  const membership = withMember();
  const count = membership.changeCount;
  const id = MEMBER_ID.toString(16);
  const others = [
    Uint8Array.fromHex(REAL.health),
    v2({ method: "SYNC" }),
    v2({ method: "POST", path: "/0/version", val: "3.5.0" }),
    v2({ method: "DELETE", path: `/0/members/${id}/attributes` }),
    v2({ method: "PUT", path: `/0/members/${id}/raftAttributes`, val: '{"peerURLs":["x"]}' }),
    v2({ method: "PUT", path: `/1/0/members/${id}/attributes`, val: '{"name":"x"}' }),
    v2({ method: "PUT", path: "/1/0/version", val: "3.5.0" }),
    v2({ method: "PUT", path: "/0/members/77/attributes", val: '{"name":"not a member"}' }),
    v3({ put: PutRequest.create({ key: "a" }) }),
  ];
  for (const data of others) decodeMembershipOperation(data)?.applyTo(membership);
  assert.equal(membership.changeCount, count);
});

Deno.test("decodeMembershipOperation() refuses a version that detcd does not know, in either form", () => {
  const entries = [
    v2({ method: "PUT", path: "/0/version", val: "3.8.0" }),
    v3({ clusterVersionSet: ClusterVersionSetRequest.create({ ver: "3.8.0" }) }),
  ];
  for (const data of entries) {
    const operation = decodeMembershipOperation(data);
    assert.throws(() => operation?.applyTo(memberless()), ClusterVersionRefused);
  }
});

Deno.test("decodeOperation() reads an operation wherever the header is", () => {
  const put = PutRequest.create({ key: "k", value: new Uint8Array(300) });
  const header = InternalRaftRequest.encode(
    InternalRaftRequest.create({ header: RequestHeader.create({ id: 7n, username: "root" }) }),
  );
  const bare = InternalRaftRequest.encode(InternalRaftRequest.create({ id: 7n, put }));
  for (const data of [[...bare, ...header], [...header, ...bare]]) {
    const bytes = new Uint8Array(data);
    assert.ok(decodeOperation(bytes, 1) instanceof PutOperation);
    const { field, start, end } = layoutOf(bytes);
    assert.equal(field, OperationField.PUT);
    assert.ok(bytesEqual(bytes.subarray(start, end), PutRequest.encode(put)));
  }
});

Deno.test("decodeOperation() reads what plans a downgrade", () => {
  const downgradeInfoSet = DowngradeInfoSetRequest.create({ enabled: true, ver: "3.6.0" });
  const operation = decodeOperation(v3({ downgradeInfoSet }), 1);
  assert.ok(operation instanceof DowngradeInfoSetOperation);
  const membership = new Membership(1n);
  assert.equal(membership.saidOfDowngrade, undefined);
  decodeMembershipOperation(v3({ downgradeInfoSet }))?.applyTo(membership);
  assert.deepEqual(membership.downgrade, { enabled: true, targetVersion: "3.6.0" });
  const cancel = DowngradeInfoSetRequest.create({ enabled: false });
  decodeMembershipOperation(v3({ downgradeInfoSet: cancel }))?.applyTo(membership);
  assert.deepEqual(membership.downgrade, { enabled: false, targetVersion: "" });
});

Deno.test("decodeOperation() passes over reads and what only etcd's tests write", () => {
  const harmless: Partial<InternalRaftRequest>[] = [
    { range: RangeRequest.create({ key: "a" }) },
    { authStatus: {} },
    { authUserGet: AuthUserGetRequest.create({ name: "nobody" }) },
    { authUserList: {} },
    { authRoleGet: { role: "r" } },
    { authRoleList: {} },
    { downgradeVersionTest: { ver: "3.6.0" } },
  ];
  for (const fields of harmless) {
    const operation = decodeOperation(v3(fields), 1);
    assert.ok(operation instanceof NoOperation, Object.keys(fields)[0]);
    assert.ok(operation.field > 0);
  }
});

Deno.test("decodeOperation() reads lease checkpoints and compactions", () => {
  const checkpoint = LeaseCheckpointRequest.create({ checkpoints: [{ id: 1n, remainingTtl: 9 }] });
  const operation = decodeOperation(v3({ leaseCheckpoint: checkpoint }), 1);
  assert.ok(operation instanceof LeaseCheckpointOperation);
  const compaction = CompactionRequest.create({ revision: 5 });
  assert.equal(decodeOperation(v3({ compaction }), 1).field, OperationField.COMPACTION);
});

Deno.test("decodeOperation() reads every change of users and roles, and logins", () => {
  const changes: Partial<InternalRaftRequest>[] = [
    { authEnable: {} },
    { authDisable: {} },
    { authUserAdd: AuthUserAddRequest.create({ name: "u", hashedPassword: "eA==" }) },
    { authUserDelete: { name: "u" } },
    { authUserChangePassword: { name: "u", password: "", hashedPassword: "eA==" } },
    { authUserGrantRole: { user: "u", role: "r" } },
    { authUserRevokeRole: { name: "u", role: "r" } },
    { authRoleAdd: { name: "r" } },
    { authRoleDelete: { role: "r" } },
    { authRoleGrantPermission: { name: "r", perm: Permission.create({ key: "k" }) } },
    { authRoleRevokePermission: { role: "r", key: "k", rangeEnd: "" } },
  ];
  for (const fields of changes) {
    const operation = decodeOperation(v3(fields), 1);
    assert.ok(operation instanceof AuthChangeOperation, Object.keys(fields)[0]);
  }
  const login = v3({ authenticate: { name: "u", password: "", simpleToken: "t" } });
  assert.ok(decodeOperation(login, 1) instanceof AuthenticateOperation);
});

Deno.test("decodeOperation() finds out in whose name an entry is", () => {
  const header = RequestHeader.create({ id: 1n, username: "somebody", authRevision: 300 });
  const put = PutRequest.create({ key: "k" });
  const { requester } = decodeOperation(v3({ header, put }), 1);
  assert.deepEqual([requester.username, requester.authRevision], ["somebody", 300]);
  assert.equal(decodeOperation(v3({ put }), 1).requester, NOBODY);
});

Deno.test("decodeOperation() refuses what would change what it cannot serve", () => {
  const refused: [Uint8Array, RegExp][] = [
    [new Uint8Array([0xf2, 0xff, 0x03, 0]), /entry 17: its command \(none that is known\)/],
    [v3({}), /\(none that is known\)/],
  ];
  for (const [data, message] of refused) {
    assert.throws(() => decodeOperation(data, 17), (error) => {
      assert.ok(error instanceof UnknownOperation, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("decodeOperation() throws nothing but DecodeError and UnknownOperation on broken bytes", () => {
  const whole = v3({ put: PutRequest.create({ key: "k", value: new Uint8Array(20) }) });
  for (let length = 0; length < whole.length; length++) {
    try {
      decodeOperation(whole.subarray(0, length), 1);
    } catch (error) {
      const isExpected = error instanceof DecodeError || error instanceof UnknownOperation;
      assert.ok(isExpected, `${length}: ${error}`);
    }
  }
  assert.throws(() => decodeOperation(EMPTY_BYTES, 1), UnknownOperation);
});
