import assert from "node:assert/strict";
import {
  AlarmAction,
  AlarmType,
  LeaseKeepAliveRequest,
  WatchCreateRequest,
} from "../../../src/pb/etcdserverpb.ts";
import { Permission } from "../../../src/pb/authpb.ts";
import {
  AUTH_SERVICE,
  CLUSTER_SERVICE,
  ELECTION_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
  LOCK_SERVICE,
  MAINTENANCE_SERVICE,
  WATCH_SERVICE,
} from "../../../src/pb/services.ts";
import { addUserWithRole, AuthAdmin, enableAuth, withToken } from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import type { CallOptions, GrpcClient } from "../../harness/grpc_client.ts";
import { putOp, rangeOp } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

/** One call in somebody's name; rejects when it is refused. */
type Attempt = (client: GrpcClient, options: CallOptions) => Promise<unknown>;

const OK = "ok";
const EMPTY = "3 user name is empty";
const BAD_TOKEN = "16 invalid auth token";
const DENIED = "7 permission denied";

/** What comes out for: nobody, a wrong token, a user without rights, one with them, and root. */
type Outcomes = readonly [string, string, string, string, string];

const KEYS: Outcomes = [EMPTY, BAD_TOKEN, DENIED, OK, OK];
const ANY_USER: Outcomes = [EMPTY, BAD_TOKEN, OK, OK, OK];
const ROOT_ONLY: Outcomes = [EMPTY, BAD_TOKEN, DENIED, DENIED, OK];
const EVERYBODY: Outcomes = [OK, BAD_TOKEN, OK, OK, OK];

/** The same for root, who is let in and told that this cannot be. */
function rootGets(text: string): Outcomes {
  return [EMPTY, BAD_TOKEN, DENIED, DENIED, text];
}

/** What Lock and Election were refused on the way is of no kind that etcd knows. */
const INNER: Outcomes = [
  "2 user name is empty",
  "2 invalid auth token",
  "2 permission denied",
  OK,
  OK,
];

const NO_MEMBER = "5 member not found";
const NO_ROLE = "9 role name not found";
const NO_USER = "9 user name not found";
const NO_LEASE = "5 requested lease not found";
const LEASE_ID = 4711n;

/** For what a call has to know before it is made. */
let rootToken = "";

const ATTEMPTS: readonly (readonly [string, Outcomes, Attempt])[] = [
  ["Range", KEYS, (c, o) => c.call(KV_SERVICE.range, { key: "k" }, o)],
  [
    "Range, serializable",
    KEYS,
    (c, o) => c.call(KV_SERVICE.range, { key: "k", serializable: true }, o),
  ],
  ["RangeStream", KEYS, async (client, options) => {
    const stream = client.open(KV_SERVICE.rangeStream, options);
    stream.send({ key: "k" });
    stream.halfClose();
    await stream.next();
  }],
  ["Put", KEYS, (c, o) => c.call(KV_SERVICE.put, { key: "k" }, o)],
  ["DeleteRange", KEYS, (c, o) => c.call(KV_SERVICE.deleteRange, { key: "k" }, o)],
  ["Txn", KEYS, (c, o) => c.call(KV_SERVICE.txn, { success: [putOp("k", "v")] }, o)],
  ["Txn, read only", KEYS, (c, o) => c.call(KV_SERVICE.txn, { success: [rangeOp("k")] }, o)],
  ["Txn, empty", EVERYBODY, (c, o) => c.call(KV_SERVICE.txn, {}, o)],
  [
    "Compact",
    rootGets("11 mvcc: required revision is a future revision"),
    (c, o) => c.call(KV_SERVICE.compact, { revision: 1_000_000 }, o),
  ],
  ["Watch", KEYS, (client, options) => watch(client, options)],
  ["LeaseGrant", ANY_USER, (c, o) => c.call(LEASE_SERVICE.leaseGrant, { ttl: 60 }, o)],
  ["LeaseTimeToLive", ANY_USER, (c, o) => c.call(LEASE_SERVICE.leaseTimeToLive, { id: 1n }, o)],
  [
    "LeaseTimeToLive with keys",
    KEYS,
    (c, o) => c.call(LEASE_SERVICE.leaseTimeToLive, { id: LEASE_ID, keys: true }, o),
  ],
  ["LeaseLeases", KEYS, (c, o) => c.call(LEASE_SERVICE.leaseLeases, {}, o)],
  ["LeaseKeepAlive", KEYS, async (client, options) => {
    const stream = client.open(LEASE_SERVICE.leaseKeepAlive, options);
    stream.send(LeaseKeepAliveRequest.create({ id: LEASE_ID }));
    await stream.next();
  }],
  [
    "LeaseRevoke of none",
    [EMPTY, BAD_TOKEN, NO_LEASE, NO_LEASE, NO_LEASE],
    (c, o) => c.call(LEASE_SERVICE.leaseRevoke, { id: 1n }, o),
  ],
  ["MemberList", ANY_USER, (c, o) => c.call(CLUSTER_SERVICE.memberList, {}, o)],
  [
    "MemberList, linearizable",
    ANY_USER,
    (c, o) => c.call(CLUSTER_SERVICE.memberList, { linearizable: true }, o),
  ],
  ["MemberAdd", rootGets("9 Peer URLs already exists"), async (client, options) => {
    const { members } = await client.call(CLUSTER_SERVICE.memberList, {}, withToken(rootToken));
    const { peerUrls } = members[0];
    await client.call(CLUSTER_SERVICE.memberAdd, { peerUrls }, options);
  }],
  [
    "MemberRemove",
    rootGets(NO_MEMBER),
    (c, o) => c.call(CLUSTER_SERVICE.memberRemove, { id: 1n }, o),
  ],
  [
    "MemberUpdate",
    rootGets(NO_MEMBER),
    (c, o) => c.call(CLUSTER_SERVICE.memberUpdate, { id: 1n, peerUrls: ["http://h:1"] }, o),
  ],
  [
    "MemberPromote",
    rootGets(NO_MEMBER),
    (c, o) => c.call(CLUSTER_SERVICE.memberPromote, { id: 1n }, o),
  ],
  [
    "MoveLeader",
    rootGets("9 bad leader transferee"),
    (c, o) => c.call(MAINTENANCE_SERVICE.moveLeader, { targetId: 1n }, o),
  ],
  [
    "Downgrade",
    rootGets("3 invalid downgrade target version"),
    (c, o) => c.call(MAINTENANCE_SERVICE.downgrade, { version: "3.1" }, o),
  ],
  ["Lock", INNER, (c, o) => c.call(LOCK_SERVICE.lock, { name: "k", lease: LEASE_ID }, o)],
  ["Unlock", INNER, (c, o) => c.call(LOCK_SERVICE.unlock, { key: "k/" }, o)],
  [
    "Campaign",
    INNER,
    (c, o) => c.call(ELECTION_SERVICE.campaign, { name: "k", lease: LEASE_ID }, o),
  ],
  ["Leader", INNER, (c, o) => c.call(ELECTION_SERVICE.leader, { name: "k" }, o)],
  ["Status", ANY_USER, (c, o) => c.call(MAINTENANCE_SERVICE.status, {}, o)],
  ["Alarm, get", ANY_USER, (c, o) => c.call(MAINTENANCE_SERVICE.alarm, {}, o)],
  [
    "Alarm, deactivate",
    ROOT_ONLY,
    (c, o) => {
      const fields = { action: AlarmAction.DEACTIVATE, memberId: 1n, alarm: AlarmType.NOSPACE };
      return c.call(MAINTENANCE_SERVICE.alarm, fields, o);
    },
  ],
  ["Hash", ROOT_ONLY, (c, o) => c.call(MAINTENANCE_SERVICE.hash, {}, o)],
  ["HashKV", ROOT_ONLY, (c, o) => c.call(MAINTENANCE_SERVICE.hashKv, {}, o)],
  ["Defragment", ROOT_ONLY, (c, o) => c.call(MAINTENANCE_SERVICE.defragment, {}, o)],
  ["Snapshot", ROOT_ONLY, async (client, options) => {
    const stream = client.open(MAINTENANCE_SERVICE.snapshot, options);
    stream.send({});
    stream.halfClose();
    await stream.next();
  }],
  ["AuthStatus", EVERYBODY, (c, o) => c.call(AUTH_SERVICE.authStatus, {}, o)],
  ["AuthEnable", ROOT_ONLY, (c, o) => c.call(AUTH_SERVICE.authEnable, {}, o)],
  [
    "Authenticate",
    [OK, OK, OK, OK, OK],
    (c, o) => c.call(AUTH_SERVICE.authenticate, { name: "root", password: "root" }, o),
  ],
  [
    "UserAdd",
    rootGets("9 user name already exists"),
    (c, o) => c.call(AUTH_SERVICE.userAdd, { name: "root", password: "x" }, o),
  ],
  ["UserGet", ROOT_ONLY, (c, o) => c.call(AUTH_SERVICE.userGet, { name: "root" }, o)],
  [
    "UserGet of oneself",
    [EMPTY, BAD_TOKEN, DENIED, OK, OK],
    (c, o) => c.call(AUTH_SERVICE.userGet, { name: "owner" }, o),
  ],
  ["UserList", ROOT_ONLY, (c, o) => c.call(AUTH_SERVICE.userList, {}, o)],
  ["UserDelete", rootGets(NO_USER), (c, o) => c.call(AUTH_SERVICE.userDelete, { name: "none" }, o)],
  [
    "UserChangePassword",
    rootGets(NO_USER),
    (c, o) => c.call(AUTH_SERVICE.userChangePassword, { name: "none", password: "x" }, o),
  ],
  [
    "UserGrantRole",
    rootGets(NO_USER),
    (c, o) => c.call(AUTH_SERVICE.userGrantRole, { user: "none", role: "root" }, o),
  ],
  [
    "UserRevokeRole",
    rootGets(NO_USER),
    (c, o) => c.call(AUTH_SERVICE.userRevokeRole, { name: "none", role: "x" }, o),
  ],
  [
    "RoleAdd",
    rootGets("9 role name already exists"),
    (c, o) => c.call(AUTH_SERVICE.roleAdd, { name: "owner" }, o),
  ],
  ["RoleGet", rootGets(NO_ROLE), (c, o) => c.call(AUTH_SERVICE.roleGet, { role: "none" }, o)],
  [
    "RoleGet of one's own",
    [EMPTY, BAD_TOKEN, DENIED, OK, OK],
    (c, o) => c.call(AUTH_SERVICE.roleGet, { role: "owner" }, o),
  ],
  ["RoleList", ROOT_ONLY, (c, o) => c.call(AUTH_SERVICE.roleList, {}, o)],
  ["RoleDelete", rootGets(NO_ROLE), (c, o) => c.call(AUTH_SERVICE.roleDelete, { role: "none" }, o)],
  [
    "RoleGrantPermission",
    rootGets(NO_ROLE),
    (c, o) => {
      const fields = { name: "none", perm: Permission.create({ key: "k" }) };
      return c.call(AUTH_SERVICE.roleGrantPermission, fields, o);
    },
  ],
  [
    "RoleRevokePermission",
    rootGets(NO_ROLE),
    (c, o) => c.call(AUTH_SERVICE.roleRevokePermission, { role: "none", key: "k" }, o),
  ],
];

/** Rejects with the status that the watch is canceled with. */
async function watch(client: GrpcClient, options: CallOptions): Promise<void> {
  const stream = client.open(WATCH_SERVICE.watch, options);
  stream.send({ createRequest: WatchCreateRequest.create({ key: "k" }) });
  const { created, canceled, watchId, cancelReason } = await stream.next();
  assert.ok(created);
  stream.cancel();
  if (!canceled) return;
  assert.equal(watchId, -1n);
  const codes: Record<string, number> = {
    InvalidArgument: 3,
    PermissionDenied: 7,
    Unauthenticated: 16,
  };
  const [, code, details] = /^rpc error: code = (\w+) desc = (.*)$/.exec(cancelReason) ?? [];
  throw Object.assign(new Error(cancelReason), { code: codes[code], details });
}

async function outcomeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return OK;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const ended = /^the stream ended: (\d+) (.*)$/.exec(error.message);
    if (ended !== null) return `${ended[1]} ${ended[2].replace("etcdserver: ", "")}`;
    if (!("code" in error && "details" in error)) throw error;
    return `${error.code} ${String(error.details).replace("etcdserver: ", "")}`;
  }
}

describeBothTargets("who may do what", (test) => {
  test("every call answers everybody as etcd does", async ({ client }) => {
    const root = await enableAuth(client);
    const bystander = await addUserWithRole(client, root, "bystander");
    const owner = await addUserWithRole(client, root, "owner");
    rootToken = root;
    await new AuthAdmin(client, root).grant("owner", "k");
    await new AuthAdmin(client, root).grant("owner", "k/", "k0");
    await client.call(LEASE_SERVICE.leaseGrant, { ttl: 600, id: LEASE_ID }, withToken(root));
    await client.call(KV_SERVICE.put, { key: "k", lease: LEASE_ID }, withToken(root));

    const found: [string, string[]][] = [];
    for (const [name, , attempt] of ATTEMPTS) {
      const outcomes: string[] = [];
      for (const token of [undefined, "not.a.token", bystander, owner, root]) {
        // What was there is there again for the next one.
        await client.call(KV_SERVICE.put, { key: "k", lease: LEASE_ID }, withToken(root));
        outcomes.push(await outcomeOf(attempt(client, withToken(token))));
      }
      found.push([name, outcomes]);
    }
    assert.deepEqual(found, ATTEMPTS.map(([name, outcomes]) => [name, [...outcomes]]));
  });
}, { targets: NEWER_TARGET_NAMES });
