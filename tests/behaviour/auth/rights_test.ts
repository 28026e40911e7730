import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { PermissionType } from "../../../src/pb/authpb.ts";
import {
  Compare,
  type RequestOp,
  type TxnRequest,
  WatchCreateRequest,
} from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, WATCH_SERVICE } from "../../../src/pb/services.ts";
import {
  addUserWithRole,
  AuthAdmin,
  authenticate,
  enableAuth,
  withToken,
} from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type GrpcClient, refusal } from "../../harness/grpc_client.ts";
import { deleteOp, putOp, rangeOp, txnOp } from "../../harness/kv_calls.ts";
import { changes } from "../../harness/watch_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

const { READ, WRITE } = PermissionType;
const DENIED = { code: GrpcCode.PermissionDenied, text: "etcdserver: permission denied" };
const DENIED_REASON = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";

/** Root, and a user who may read keys that begin with `r`, write those with `w`, and both with `b`. */
interface Scene {
  readonly root: string;
  readonly user: string;
  readonly admin: AuthAdmin;
}

/** The tokens of root and of the user. */
const scenes = new Map<string, readonly [string, string]>();

/** Made once for each server, since making it takes some passwords. */
async function sceneOf(client: GrpcClient, endpoint: string): Promise<Scene> {
  const known = scenes.get(endpoint);
  if (known !== undefined) {
    const [root, user] = known;
    return { root, user, admin: new AuthAdmin(client, root) };
  }
  const root = await enableAuth(client);
  const admin = new AuthAdmin(client, root);
  const user = await addUserWithRole(client, root, "user");
  await admin.grant("user", "r", "s", READ);
  await admin.grant("user", "w", "x", WRITE);
  await admin.grant("user", "b", "c");
  scenes.set(endpoint, [root, user]);
  return { root, user, admin };
}

/** Whether the user may. */
async function may(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    assert.equal(error.code, GrpcCode.PermissionDenied, error.message);
    return false;
  }
}

const compare = (key: string, rangeEnd = ""): Compare => Compare.create({ key, rangeEnd });

describeBothTargets("rights", (test) => {
  test("a range has to lie within what may be read as a whole", async ({ client, server }) => {
    const { user, admin } = await sceneOf(client, server.endpoint);
    await admin.grant("user", "s", "t", READ);
    await admin.grant("user", "t", "", READ);
    const read = (key: string, rangeEnd = "") =>
      may(client.call(KV_SERVICE.range, { key, rangeEnd }, withToken(user)));
    const expected: [string, string, boolean][] = [
      ["r", "", true],
      ["rz", "", true],
      ["s", "", true],
      ["t", "", true],
      ["t\0", "", false],
      ["r", "s", true],
      ["r", "t", true],
      ["r", "t\0", true],
      ["r", "t\0\0", false],
      ["q", "s", false],
      ["b", "c", true],
      ["b", "s", false],
      ["w", "", false],
      ["r", "\0", false],
      ["\0", "\0", false],
    ];
    for (const [key, end, allowed] of expected) {
      assert.equal(await read(key, end), allowed, JSON.stringify([key, end]));
    }
    await admin.revoke("user", "s", "t");
    assert.deepEqual([await read("r", "s"), await read("r", "t")], [true, false]);
    await admin.revoke("user", "t");
  });

  test("an open range needs an open permission", async ({ client, server }) => {
    const { user, admin } = await sceneOf(client, server.endpoint);
    const read = (key: string, rangeEnd: string) =>
      may(client.call(KV_SERVICE.range, { key, rangeEnd }, withToken(user)));
    await admin.grant("user", "x", "\0", READ);
    assert.deepEqual(
      [await read("x", "\0"), await read("y", "z"), await read("w", "\0")],
      [true, true, false],
    );
    await admin.grant("user", "\0", "\0", READ);
    assert.ok(await read("\0", "\0"));
    await admin.revoke("user", "\0", "\0");
    await admin.revoke("user", "x", "\0");
  });

  test("puts need to write, and to read what they tell", async ({ client, server }) => {
    const { user } = await sceneOf(client, server.endpoint);
    const write = (key: string, prevKv = false) =>
      may(client.call(KV_SERVICE.put, { key, prevKv }, withToken(user)));
    assert.deepEqual([await write("w1"), await write("b1"), await write("r1")], [
      true,
      true,
      false,
    ]);
    assert.deepEqual([await write("w1", true), await write("b1", true)], [false, true]);
  });

  test("deletes need to write, and to read what they tell", async ({ client, server }) => {
    const { user } = await sceneOf(client, server.endpoint);
    const remove = (key: string, rangeEnd = "", prevKv = false) =>
      may(client.call(KV_SERVICE.deleteRange, { key, rangeEnd, prevKv }, withToken(user)));
    assert.deepEqual(
      [await remove("w"), await remove("w", "x"), await remove("b", "c", true)],
      [true, true, true],
    );
    assert.deepEqual(
      [await remove("r"), await remove("w", "y"), await remove("w", "x", true)],
      [false, false, false],
    );
  });

  test("an expired lease takes its keys with it while authentication is on", async ({ client, server }) => {
    const { root } = await sceneOf(client, server.endpoint);
    const { id } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 1 }, withToken(root));
    await client.call(KV_SERVICE.put, { key: "leased", lease: id }, withToken(root));
    const stream = client.open(WATCH_SERVICE.watch, withToken(root));
    stream.send({ createRequest: watchOf("leased") });
    await stream.next();
    assert.deepEqual(changes((await stream.next(10_000)).events), ["-leased"]);
  });
});

function watchOf(key: string, rangeEnd = ""): WatchCreateRequest {
  return WatchCreateRequest.create({ key, rangeEnd });
}

describeBothTargets("rights in etcd 3.7", (test) => {
  test("a transaction needs the rights for both of its ways", async ({ client, server }) => {
    const { user } = await sceneOf(client, server.endpoint);
    const run = (fields: Partial<TxnRequest>) =>
      may(client.call(KV_SERVICE.txn, fields, withToken(user)));
    const ways = async (op: RequestOp): Promise<boolean[]> => [
      await run({ success: [op] }),
      await run({ failure: [op] }),
    ];
    assert.deepEqual(await ways(putOp("w", "1")), [true, true]);
    assert.deepEqual(await ways(putOp("r", "1")), [false, false]);
    assert.deepEqual(await ways(putOp("w", "1", { prevKv: true })), [false, false]);
    assert.deepEqual(await ways(rangeOp("r", { rangeEnd: "s" })), [true, true]);
    assert.deepEqual(await ways(rangeOp("r", { rangeEnd: "t" })), [false, false]);
    assert.deepEqual(await ways(deleteOp("b", { prevKv: true })), [true, true]);
    assert.deepEqual(await ways(deleteOp("w", { prevKv: true })), [false, false]);
    assert.deepEqual(await ways(deleteOp("r")), [false, false]);
    const success = [putOp("w", "1")];
    assert.ok(await run({ compare: [compare("r")], success }));
    assert.ok(!await run({ compare: [compare("w")], success }));
    assert.ok(await run({ compare: [compare("r", "s")], success }));
    assert.ok(!await run({ compare: [compare("r", "\0")], success }));
  });

  test("nested transactions need the rights for all that is in them", async ({ client, server }) => {
    const { user } = await sceneOf(client, server.endpoint);
    const run = (inner: Partial<TxnRequest>) =>
      may(client.call(KV_SERVICE.txn, { failure: [txnOp(inner)] }, withToken(user)));
    assert.ok(await run({ compare: [compare("r")], success: [putOp("w", "1"), rangeOp("b")] }));
    assert.ok(!await run({ compare: [compare("w")] }));
    assert.ok(!await run({ success: [putOp("r", "1")] }));
    assert.ok(!await run({ failure: [txnOp({ failure: [rangeOp("w")] })] }));
    assert.ok(await run({ failure: [txnOp({ failure: [rangeOp("r")] })] }));
  });

  test("a put joins no lease with keys that the user may not write", async ({ client, server }) => {
    const { root, user } = await sceneOf(client, server.endpoint);
    const { id: lease } = await client.call(
      LEASE_SERVICE.leaseGrant,
      { ttl: 600 },
      withToken(user),
    );
    const write = (key: string) =>
      may(client.call(KV_SERVICE.put, { key, lease }, withToken(user)));
    const inTxn = (key: string) => {
      const success = [putOp(key, "1", { lease })];
      return may(client.call(KV_SERVICE.txn, { success }, withToken(user)));
    };
    assert.deepEqual([await write("w1"), await inTxn("w2")], [true, true]);
    await client.call(KV_SERVICE.put, { key: "r1", lease }, withToken(root));
    assert.deepEqual([await write("w1"), await inTxn("w2"), await write("w3")], [
      false,
      false,
      false,
    ]);
    await client.call(KV_SERVICE.put, { key: "r1" }, withToken(root));
    assert.ok(await write("w3"));
    await client.call(LEASE_SERVICE.leaseRevoke, { id: lease }, withToken(user));
  });

  test("who may write its keys may keep and end a lease, who may read them sees them", async ({ client, server }) => {
    const { root, user } = await sceneOf(client, server.endpoint);
    const grant = async (key: string): Promise<bigint> => {
      const { id } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 600 }, withToken(root));
      await client.call(KV_SERVICE.put, { key, lease: id }, withToken(root));
      return id;
    };
    const revoke = (id: bigint) =>
      may(client.call(LEASE_SERVICE.leaseRevoke, { id }, withToken(user)));
    const tell = (id: bigint) =>
      may(client.call(LEASE_SERVICE.leaseTimeToLive, { id, keys: true }, withToken(user)));
    const list = () => may(client.call(LEASE_SERVICE.leaseLeases, {}, withToken(user)));
    const [readable, writable, both] = [await grant("r"), await grant("w"), await grant("b")];
    assert.deepEqual([await tell(readable), await tell(writable), await tell(both)], [
      true,
      false,
      true,
    ]);
    const stream = client.open(LEASE_SERVICE.leaseKeepAlive, withToken(user));
    stream.send({ id: writable });
    assert.equal((await stream.next()).ttl, 600);
    stream.send({ id: 999n });
    assert.equal((await stream.next()).ttl, 0);
    stream.send({ id: readable });
    assert.deepEqual(await stream.ended, DENIED);
    assert.equal(await list(), false);
    assert.deepEqual([await revoke(readable), await revoke(writable), await revoke(both)], [
      false,
      true,
      true,
    ]);
    assert.equal(await list(), true);
    await client.call(LEASE_SERVICE.leaseRevoke, { id: readable }, withToken(root));
  });

  test("a watch is refused by its answer, and the stream goes on", async ({ client, server }) => {
    const { root, user } = await sceneOf(client, server.endpoint);
    const stream = client.open(WATCH_SERVICE.watch, withToken(user));
    const refused: [string, string][] = [["w", ""], ["r", "t"], ["r", "\0"], ["", ""], ["", "\0"]];
    for (const [key, rangeEnd] of refused) {
      stream.send({ createRequest: watchOf(key, rangeEnd) });
      const { created, canceled, watchId, cancelReason, compactRevision } = await stream.next();
      assert.deepEqual(
        [created, canceled, watchId, cancelReason, compactRevision],
        [true, true, -1n, DENIED_REASON, 0],
      );
    }
    stream.send({ createRequest: { ...watchOf("w"), startRevision: -1 } });
    assert.match((await stream.next()).cancelReason, /compacted/);
    stream.send({ createRequest: watchOf("r", "s") });
    const created = await stream.next();
    assert.deepEqual([created.created, created.canceled, created.watchId], [true, false, 0n]);
    await client.call(KV_SERVICE.put, { key: "r5" }, withToken(root));
    assert.deepEqual(changes((await stream.next()).events), ["+r5="]);
  });

  test("a watch goes on when its user loses the rights, and a new one is refused", async ({ client, server }) => {
    const { root, admin } = await sceneOf(client, server.endpoint);
    const token = await addUserWithRole(client, root, "watcher");
    await admin.grant("watcher", "k", "", READ);
    const stream = client.open(WATCH_SERVICE.watch, withToken(token));
    stream.send({ createRequest: watchOf("k") });
    assert.equal((await stream.next()).canceled, false);
    await admin.revoke("watcher", "k");
    await client.call(KV_SERVICE.put, { key: "k" }, withToken(root));
    assert.deepEqual(changes((await stream.next()).events), ["+k="]);
    stream.send({ createRequest: watchOf("k") });
    assert.equal((await stream.next()).cancelReason, DENIED_REASON);
    await admin.changePassword("watcher", "other");
    await client.call(KV_SERVICE.put, { key: "k" }, withToken(root));
    assert.deepEqual(changes((await stream.next()).events), ["+k="]);
    stream.send({ createRequest: watchOf("k") });
    assert.equal(
      (await stream.next()).cancelReason,
      "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token",
    );
    await admin.deleteUser("watcher");
    await client.call(KV_SERVICE.put, { key: "k" }, withToken(root));
    assert.deepEqual(changes((await stream.next()).events), ["+k="]);
  });

  test("who asks before authentication is on watches on without a token", async ({ client, server }) => {
    const { root, admin } = await sceneOf(client, server.endpoint);
    await admin.disable();
    const stream = client.open(WATCH_SERVICE.watch);
    stream.send({ createRequest: watchOf("k") });
    await stream.next();
    await new AuthAdmin(client).enable();
    const again = await authenticate(client, "root", "root");
    assert.notEqual(again, root);
    await client.call(KV_SERVICE.put, { key: "k" }, withToken(again));
    assert.deepEqual(changes((await stream.next()).events), ["+k="]);
    stream.send({ createRequest: watchOf("k") });
    assert.equal(
      (await stream.next()).cancelReason,
      "rpc error: code = InvalidArgument desc = etcdserver: user name is empty",
    );
    assert.deepEqual(await refusal(client.call(KV_SERVICE.range, { key: "k" })), {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: user name is empty",
    });
    scenes.delete(server.endpoint);
  });
}, { targets: NEWER_TARGET_NAMES });
