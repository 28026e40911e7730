import assert from "node:assert/strict";
import { Permission, PermissionType } from "../../pb/authpb.ts";
import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { AuthStore } from "./auth_store.ts";
import {
  checkDeleteRangeRights,
  checkLeaseReadRights,
  checkLeaseWriteRights,
  checkPutRights,
  checkTxnRights,
} from "./request_rights.ts";
import { NOBODY, Requester } from "./requester.ts";

const { READ, WRITE } = PermissionType;
const DENIED = ETCD_ERRORS.permissionDenied;

/** The user may read what begins with `r`, write what begins with `w`. */
function newStore(): AuthStore {
  const store = new AuthStore();
  for (const name of ["root", "user"]) {
    store.addUser({ name, passwordHash: new Uint8Array(0), noPassword: true });
  }
  store.grantRole("root", "root");
  store.addRole("r");
  store.grantRole("user", "r");
  store.grantPermission("r", Permission.create({ permType: READ, key: "r", rangeEnd: "s" }));
  store.grantPermission("r", Permission.create({ permType: WRITE, key: "w", rangeEnd: "x" }));
  store.enable();
  return store;
}

const store = newStore();
const user = new Requester("user", store.revision);
const root = new Requester("root", store.revision);
const leased = new Map([[1n, ["w1", "w2"]], [2n, ["w1", "r1"]], [3n, ["r1"]]]);
const leases = { attachedKeys: (id: bigint): string[] => leased.get(id) ?? [] };

const putOp = (key: string, lease = 0n) =>
  RequestOp.create({ requestPut: PutRequest.create({ key, lease }) });
const rangeOp = (key: string) => RequestOp.create({ requestRange: RangeRequest.create({ key }) });
const txnOp = (fields: Partial<TxnRequest>) =>
  RequestOp.create({ requestTxn: TxnRequest.create(fields) });

Deno.test("checkPutRights() asks for the key, what is told of it, and the keys on its lease", () => {
  const check = (fields: Partial<PutRequest>, requester = user) =>
    checkPutRights(store, requester, PutRequest.create(fields), leases);
  check({ key: "w" });
  check({ key: "w", lease: 1n });
  check({ key: "w", lease: 9n });
  check({ key: "r", prevKv: true, lease: 2n }, root);
  assert.throws(() => check({ key: "r" }), DENIED);
  assert.throws(() => check({ key: "w", prevKv: true }), DENIED);
  assert.throws(() => check({ key: "w", lease: 2n }), DENIED);
  assert.throws(() => check({ key: "w" }, NOBODY), ETCD_ERRORS.userEmpty);
});

Deno.test("checkDeleteRangeRights() asks for the range and what is told of it", () => {
  const check = (fields: Partial<DeleteRangeRequest>) =>
    checkDeleteRangeRights(store, user, DeleteRangeRequest.create(fields));
  check({ key: "w", rangeEnd: "x" });
  assert.throws(() => check({ key: "w", rangeEnd: "x\0" }), DENIED);
  assert.throws(() => check({ key: "w", prevKv: true }), DENIED);
});

Deno.test("checkTxnRights() looks at compares, both ways and nested transactions", () => {
  const check = (fields: Partial<TxnRequest>, requester = user) =>
    checkTxnRights(store, requester, TxnRequest.create(fields), leases);
  const [good, bad] = [
    [putOp("w"), putOp("w", 1n), rangeOp("r")],
    [putOp("r"), putOp("w", 2n), rangeOp("w")],
  ];
  check({ compare: [Compare.create({ key: "r" })], success: good, failure: good });
  assert.throws(() => check({ compare: [Compare.create({ key: "w" })] }), DENIED);
  for (const op of bad) {
    assert.throws(() => check({ success: [op] }), DENIED);
    assert.throws(() => check({ failure: [op] }), DENIED);
    assert.throws(() => check({ success: [txnOp({ failure: [op] })] }), DENIED);
  }
  check({ success: [txnOp({ success: good, failure: good })] });
  check({ success: bad }, root);
});

Deno.test("checkTxnRights() lets everybody have a transaction that looks at no key", () => {
  checkTxnRights(store, NOBODY, TxnRequest.create(), leases);
  checkTxnRights(store, NOBODY, TxnRequest.create({ success: [txnOp({})] }), leases);
  const nested = TxnRequest.create({ success: [txnOp({ failure: [rangeOp("r")] })] });
  assert.throws(() => checkTxnRights(store, NOBODY, nested, leases), ETCD_ERRORS.userEmpty);
});

Deno.test("the rights for a lease are those for all keys on it", () => {
  checkLeaseWriteRights(store, user, 1n, leases);
  checkLeaseReadRights(store, user, 3n, leases);
  checkLeaseWriteRights(store, user, 9n, leases);
  for (const id of [2n, 3n]) {
    assert.throws(() => checkLeaseWriteRights(store, user, id, leases), DENIED);
    checkLeaseWriteRights(store, root, id, leases);
  }
  assert.throws(() => checkLeaseReadRights(store, user, 2n, leases), DENIED);
});
