import assert from "node:assert/strict";
import { bytesFromText } from "../../base/bytes.ts";
import { NOBODY, Requester } from "../../core/auth/requester.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { Permission } from "../../pb/authpb.ts";
import {
  AuthUserAddRequest,
  InternalAuthenticateRequest,
  LeaseRevokeRequest,
  PutRequest,
} from "../../pb/etcdserverpb.ts";
import { put } from "../testing/server_fixtures.ts";
import { DB, withMember } from "../backend/testing/member_fixtures.ts";
import type { EtcdServer } from "../etcd_server.ts";
import { type AuthChange, AuthChanges } from "./auth_changes.ts";
import { AuthenticateOperation, type Login } from "./authenticate.ts";
import { PutOperation } from "./kv.ts";
import { LeaseRevokeOperation } from "./lease.ts";

function change<Request>(
  server: EtcdServer,
  kind: AuthChange<Request>,
  fields: Partial<Request>,
  requester: Requester = NOBODY,
): Promise<void> {
  const request = kind.request.create(fields);
  return new Promise((applied, failed) => {
    const operation = kind.operation(request, { applied, failed }, requester);
    server.proposeEncoded(operation, kind.request.encode(request));
  });
}

function putAs(server: EtcdServer, requester: Requester, key: string): Promise<void> {
  const request = PutRequest.create({ key });
  return new Promise((resolve, failed) => {
    const operation = new PutOperation(request, { applied: () => resolve(), failed }, requester);
    server.proposeEncoded(operation, PutRequest.encode(request));
  });
}

function login(server: EtcdServer, name: string, simpleToken: string): Promise<Login> {
  const request = InternalAuthenticateRequest.create({ name, simpleToken });
  return new Promise((applied, failed) => {
    const operation = new AuthenticateOperation(request, { applied, failed });
    server.proposeEncoded(operation, InternalAuthenticateRequest.encode(request));
  });
}

const user = (name: string) =>
  AuthUserAddRequest.create({ name, hashedPassword: bytesFromText("hash").toBase64() });

/** Root, and a user with the rights for the key k. */
async function enable(server: EtcdServer): Promise<void> {
  await change(server, AuthChanges.userAdd, user("root"));
  await change(server, AuthChanges.userGrantRole, { user: "root", role: "root" });
  await change(server, AuthChanges.userAdd, user("user"));
  await change(server, AuthChanges.roleAdd, { name: "r" });
  await change(server, AuthChanges.userGrantRole, { user: "user", role: "r" });
  const perm = Permission.create({ permType: 2, key: "k" });
  await change(server, AuthChanges.roleGrantPermission, { name: "r", perm });
  await change(server, AuthChanges.enable, {});
}

const as = (server: EtcdServer, name: string) => new Requester(name, server.auth.revision);

Deno.test("what was asked for before a change of rights is refused behind it", async () => {
  await withMember({}, async ({ server }) => {
    await enable(server);
    const [root, asker] = [as(server, "root"), as(server, "user")];
    await putAs(server, asker, "k");
    const changed = change(server, AuthChanges.roleAdd, { name: "s" }, root);
    const late = putAs(server, asker, "k");
    const lateRoot = putAs(server, root, "k");
    await changed;
    await assert.rejects(late, ETCD_ERRORS.authOldRevision);
    await assert.rejects(lateRoot, ETCD_ERRORS.authOldRevision);
    await putAs(server, as(server, "user"), "k");
    // What only root may do is not asked for its time.
    await change(server, AuthChanges.roleDelete, { role: "s" }, root);
  });
});

Deno.test("changes are refused to everybody but root, when they are applied", async () => {
  await withMember({}, async ({ server }) => {
    await enable(server);
    const before = server.auth.revision;
    const add = (requester: Requester) =>
      change(server, AuthChanges.roleAdd, { name: "s" }, requester);
    await assert.rejects(add(NOBODY), ETCD_ERRORS.userEmpty);
    await assert.rejects(add(as(server, "user")), ETCD_ERRORS.permissionDenied);
    await assert.rejects(add(as(server, "none")), ETCD_ERRORS.userNotFound);
    assert.equal(server.auth.revision, before);
    await assert.rejects(put(server, "k", "nobody's"), ETCD_ERRORS.userEmpty);
  });
});

Deno.test("a lease ends in the name of root, and not in that of who may not write its keys", async () => {
  await withMember({}, async ({ server }) => {
    await enable(server);
    server.lessor.grant(1n, 60, 0);
    server.lessor.attach(1n, "other");
    const revoke = LeaseRevokeRequest.create({ id: 1n });
    const asUser = new Promise<void>((applied, failed) => {
      const waiter = { applied, failed };
      const operation = new LeaseRevokeOperation(revoke, waiter, as(server, "user"));
      server.proposeEncoded(operation, LeaseRevokeRequest.encode(revoke));
    });
    await assert.rejects(asUser, ETCD_ERRORS.permissionDenied);
    assert.ok(server.lessor.has(1n));
    await new Promise<void>((resolve) => server.ownRequests.revokeLease(1n, () => resolve()));
    assert.ok(!server.lessor.has(1n));
  });
});

Deno.test("a password hash that is not base64 is refused, and the member goes on", async () => {
  await withMember({}, async ({ server }) => {
    const broken = { name: "a", hashedPassword: "not base64!" };
    await assert.rejects(change(server, AuthChanges.userAdd, broken), ETCD_ERRORS.noPasswordUser);
    assert.deepEqual(server.auth.store.userNames(), []);
  });
});

Deno.test("a login makes a token of the entry before, and none for who is not there", async () => {
  await withMember({}, async ({ server }) => {
    await assert.rejects(login(server, "root", "seed"), ETCD_ERRORS.authNotEnabled);
    await enable(server);
    const before = server.appliedIndex;
    const { admitted, authRevision } = await login(server, "user", "seed");
    assert.equal(admitted, `seed.${before}`);
    assert.equal(authRevision, server.auth.revision);
    assert.equal(server.auth.tokens.requesterOf(admitted, authRevision)?.username, "user");
    await assert.rejects(login(server, "none", "seed"), ETCD_ERRORS.authFailed);
    await change(server, AuthChanges.disable, {}, as(server, "root"));
    assert.equal(server.auth.tokens.requesterOf(admitted, authRevision), undefined);
  });
});

Deno.test("users, roles and refusals are the same when the log is replayed", async () => {
  const disk = await withMember({}, async ({ server }) => {
    await enable(server);
    await putAs(server, as(server, "user"), "k");
    await assert.rejects(putAs(server, as(server, "user"), "l"), ETCD_ERRORS.permissionDenied);
    assert.equal(server.store.currentRevision, 2);
  });
  // Without the file the whole log is applied again, in the names that are in it.
  disk.remove(DB);
  await withMember({}, ({ server }) => {
    const { enabled, revision, store } = server.auth;
    assert.deepEqual([enabled, revision, store.userNames()], [true, 7, ["root", "user"]]);
    assert.equal(server.store.currentRevision, 2, "the refused put is refused again");
    return Promise.resolve();
  }, disk);
});
