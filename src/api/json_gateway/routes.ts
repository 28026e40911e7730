import {
  AUTH_SERVICE,
  CLUSTER_SERVICE,
  ELECTION_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
  LOCK_SERVICE,
  MAINTENANCE_SERVICE,
  WATCH_SERVICE,
} from "../../pb/services.ts";

/** What a path of the gateway stands for. */
export interface GatewayMethod {
  /** As gRPC names it: "/etcdserverpb.KV/Put". */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const kv = KV_SERVICE;
const lease = LEASE_SERVICE;
const cluster = CLUSTER_SERVICE;
const maintenance = MAINTENANCE_SERVICE;
const auth = AUTH_SERVICE;
const lock = LOCK_SERVICE;
const election = ELECTION_SERVICE;

const METHODS: Readonly<Record<string, GatewayMethod>> = {
  "kv/range": kv.range,
  "kv/put": kv.put,
  "kv/deleterange": kv.deleteRange,
  "kv/txn": kv.txn,
  "kv/compaction": kv.compact,
  "watch": WATCH_SERVICE.watch,
  "lease/grant": lease.leaseGrant,
  "lease/revoke": lease.leaseRevoke,
  "lease/keepalive": lease.leaseKeepAlive,
  "lease/timetolive": lease.leaseTimeToLive,
  "lease/leases": lease.leaseLeases,
  // The names that leases had before they had a place of their own.
  "kv/lease/revoke": lease.leaseRevoke,
  "kv/lease/timetolive": lease.leaseTimeToLive,
  "kv/lease/leases": lease.leaseLeases,
  "cluster/member/add": cluster.memberAdd,
  "cluster/member/remove": cluster.memberRemove,
  "cluster/member/update": cluster.memberUpdate,
  "cluster/member/list": cluster.memberList,
  "cluster/member/promote": cluster.memberPromote,
  "maintenance/alarm": maintenance.alarm,
  "maintenance/status": maintenance.status,
  "maintenance/defragment": maintenance.defragment,
  "maintenance/hash": maintenance.hash,
  "maintenance/hashkv": maintenance.hashKv,
  "maintenance/snapshot": maintenance.snapshot,
  "maintenance/transfer-leadership": maintenance.moveLeader,
  "maintenance/downgrade": maintenance.downgrade,
  "auth/enable": auth.authEnable,
  "auth/disable": auth.authDisable,
  "auth/status": auth.authStatus,
  "auth/authenticate": auth.authenticate,
  "auth/user/add": auth.userAdd,
  "auth/user/get": auth.userGet,
  "auth/user/list": auth.userList,
  "auth/user/delete": auth.userDelete,
  "auth/user/changepw": auth.userChangePassword,
  "auth/user/grant": auth.userGrantRole,
  "auth/user/revoke": auth.userRevokeRole,
  "auth/role/add": auth.roleAdd,
  "auth/role/get": auth.roleGet,
  "auth/role/list": auth.roleList,
  "auth/role/delete": auth.roleDelete,
  "auth/role/grant": auth.roleGrantPermission,
  "auth/role/revoke": auth.roleRevokePermission,
  "lock/lock": lock.lock,
  "lock/unlock": lock.unlock,
  "election/campaign": election.campaign,
  "election/proclaim": election.proclaim,
  "election/leader": election.leader,
  "election/observe": election.observe,
  "election/resign": election.resign,
};

/** Every path of the gateway. */
export const GATEWAY_ROUTES: ReadonlyMap<string, GatewayMethod> = new Map(
  Object.entries(METHODS).map(([path, method]) => [`/v3/${path}`, method]),
);
