import assert from "node:assert/strict";
import { CompatVersion } from "../../core/members/compat_version.ts";
import {
  AuthUserAddRequest,
  InternalRaftRequest,
  LeaseGrantRequest,
  PutRequest,
  Request,
} from "../../pb/etcdserverpb.ts";
import { ClusterMemberAttrSetRequest, ClusterVersionSetRequest } from "../../pb/membershippb.ts";
import { type Entry, EntryType } from "../../pb/raftpb.ts";
import { firstUnreadableEntry } from "./entry_forms.ts";

function entry(data: Uint8Array | undefined, type: number = EntryType.EntryNormal): Entry {
  return { type, term: 1, index: 5, data };
}

function v2(fields: Partial<Request>): Entry {
  return entry(Request.encode(Request.create(fields)));
}

function v3(fields: Partial<InternalRaftRequest>): Entry {
  return entry(InternalRaftRequest.encode(InternalRaftRequest.create(fields)));
}

/** The lines of etcd that read an entry. */
function readersOf(one: Entry): string {
  const lines = CompatVersion.lines().filter((line) => {
    const version = CompatVersion.of(line);
    return version !== undefined && firstUnreadableEntry([one], version) === undefined;
  });
  return lines.join(" ");
}

const ALL = "3.4 3.5 3.6 3.7";
const versionPut = (val: string) => Request.create({ method: "PUT", path: "/0/version", val });

Deno.test("firstUnreadableEntry() lets every version read what all of them know", () => {
  assert.equal(readersOf(entry(undefined)), ALL);
  assert.equal(readersOf(entry(new Uint8Array(0))), ALL);
  assert.equal(readersOf(entry(new Uint8Array([8, 1]), EntryType.EntryConfChange)), ALL);
  assert.equal(readersOf(v3({ put: PutRequest.create({ key: "a" }) })), ALL);
  assert.equal(readersOf(v3({ leaseGrant: LeaseGrantRequest.create({ id: 1n }) })), ALL);
  assert.equal(readersOf(v3({ authUserList: {} })), ALL);
});

Deno.test("firstUnreadableEntry() keeps the hash of a password from who would take it for none", () => {
  const add = (fields: Partial<AuthUserAddRequest>) =>
    readersOf(v3({ authUserAdd: AuthUserAddRequest.create({ name: "a", ...fields }) }));
  assert.equal(add({ hashedPassword: "eA==" }), "3.5 3.6 3.7");
  assert.equal(add({ hashedPassword: "eA==", password: "x" }), ALL);
  assert.equal(add({ password: "x" }), ALL);
  assert.equal(add({}), ALL);
  const change = { name: "a", password: "", hashedPassword: "eA==" };
  assert.equal(readersOf(v3({ authUserChangePassword: change })), "3.5 3.6 3.7");
});

Deno.test("firstUnreadableEntry() knows which versions read requests of the v2 API", () => {
  const attributes = { method: "PUT", path: "/0/members/8e9e05c52164694d/attributes", val: "{}" };
  assert.equal(readersOf(v2(attributes)), "3.4 3.5 3.6");
  assert.equal(readersOf(entry(Request.encode(versionPut("3.4.0")))), "3.4 3.5 3.6");
  assert.equal(readersOf(v3({ v2: versionPut("3.4.0") })), "3.4 3.5 3.6");
  for (const method of ["QGET", "SYNC", "POST", "DELETE", "PUT"]) {
    assert.equal(readersOf(v2({ method, path: "/1/a" })), "3.4 3.5", method);
    assert.equal(readersOf(v3({ v2: Request.create({ method, path: "/1/a" }) })), "3.4 3.5");
  }
});

Deno.test("firstUnreadableEntry() knows which versions read the newer requests of the v3 API", () => {
  const clusterMemberAttrSet = ClusterMemberAttrSetRequest.create({ memberId: 1n });
  assert.equal(readersOf(v3({ clusterMemberAttrSet })), "3.5 3.6 3.7");
  assert.equal(readersOf(v3({ downgradeInfoSet: { enabled: false, ver: "" } })), "3.5 3.6 3.7");
  assert.equal(readersOf(v3({ authStatus: {} })), "3.5 3.6 3.7");
  assert.equal(readersOf(v3({ downgradeVersionTest: { ver: "3.6.0" } })), "3.6 3.7");
});

Deno.test("firstUnreadableEntry() spares every version a cluster version above its own", () => {
  const set = (ver: string) => v3({ clusterVersionSet: ClusterVersionSetRequest.create({ ver }) });
  assert.equal(readersOf(set("3.4.0")), "3.5 3.6 3.7");
  assert.equal(readersOf(set("3.6.0")), "3.6 3.7");
  assert.equal(readersOf(set("3.7.0")), "3.7");
  assert.equal(readersOf(entry(Request.encode(versionPut("3.5.0")))), "3.5 3.6");
  assert.equal(readersOf(entry(Request.encode(versionPut("3.6.0")))), "3.6");
});

Deno.test("firstUnreadableEntry() tells the first one of several", () => {
  const version = CompatVersion.newest;
  const [first, second] = [v2({ method: "QGET" }), v2({ method: "SYNC" })];
  const entries = [v3({ put: PutRequest.create({ key: "a" }) }), first, second];
  assert.equal(firstUnreadableEntry(entries, version), first);
  assert.equal(firstUnreadableEntry([], version), undefined);
});
