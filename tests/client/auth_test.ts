import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import type { Client } from "../../src/embed/client/client.ts";
import { connect } from "../../src/embed/client/connect.ts";
import type { Credentials } from "../../src/embed/client/transport/credentials.ts";
import { describeBothTargets, type TestContext } from "../harness/both_targets.ts";
import type { TargetName } from "../harness/targets.ts";

const ROOT = { user: "root", password: "root's" };
const ADA = { user: "ada", password: "p\u00e4ss:word" };

/** Runs with authentication enabled, and leaves the server without. */
async function enabled(
  { server, prefix }: TestContext,
  body: (as: (credentials: Credentials) => Promise<Client>) => Promise<void>,
): Promise<void> {
  await using root = await connect(server.endpoint, ROOT);
  await root.auth.addUser(ROOT.user, ROOT);
  await root.auth.addRole("root");
  await root.auth.grantRole("root", "root");
  await root.auth.addUser(ADA.user, ADA);
  await root.auth.addRole("own");
  await root.auth.grantPermission("own", "readwrite", prefix, { prefix: true });
  await root.auth.grantRole("ada", "own");
  await root.auth.enable();
  try {
    await body((credentials) => connect(server.endpoint, credentials));
  } finally {
    await root.auth.disable();
    for (const user of ["root", "ada"]) await root.auth.deleteUser(user);
    for (const role of ["root", "own"]) await root.auth.deleteRole(role);
  }
}

const TARGETS: readonly TargetName[] = ["etcd", "etcd-3.7", "detcd"];

describeBothTargets("Client with credentials", (test) => {
  test("reads and writes what its user may", (context) =>
    enabled(context, async (as) => {
      const key = `${context.prefix}a`;
      await using ada = await as(ADA);
      await ada.put(key, "1");
      assert.equal((await ada.get(key))?.text, "1");
      assert.ok(await ada.compareAndSwap(key, "1", "2"));
      await using watch = ada.watch(key, { startRevision: 1 });
      for await (const { events } of watch) {
        assert.equal(events[0].kv.key, key);
        break;
      }
      const denied = { code: GrpcCode.PermissionDenied };
      await assert.rejects(ada.put("elsewhere", "1"), denied);
      await assert.rejects(ada.get("elsewhere"), denied);
      await assert.rejects(ada.auth.users(), denied);
      assert.deepEqual(await ada.auth.userRoles("ada"), ["own"]);
    }));

  test("keeps a lease alive and takes locks", (context) =>
    enabled(context, async (as) => {
      await using ada = await as(ADA);
      await using session = await ada.session({ ttlSeconds: 5 });
      await using lock = await session.mutex(`${context.prefix}lock`).lock();
      assert.ok(!lock.lost.aborted);
    }));

  test("is refused a watch that its user may not have", (context) =>
    enabled(context, async (as) => {
      await using ada = await as(ADA);
      await assert.rejects(async () => {
        for await (const _ of ada.watch("elsewhere"));
      }, { code: GrpcCode.PermissionDenied });
    }));

  test("is told who nobody is", (context) =>
    enabled(context, async (as) => {
      const refused = { code: GrpcCode.InvalidArgument, message: /authentication failed/ };
      await assert.rejects(as({ user: "ada", password: "wrong" }), refused);
      await assert.rejects(as({ user: "nobody", password: "x" }), refused);
      await assert.rejects(as({ user: "ada" }), TypeError);
      await using nobody = await as({});
      const empty = { code: GrpcCode.InvalidArgument, message: "etcdserver: user name is empty" };
      await assert.rejects(nobody.get("a"), empty);
      await using stranger = await as({ token: "made-up" });
      await assert.rejects(stranger.get("a"), { code: GrpcCode.Unauthenticated });
    }));

  test("asks for another token when the server has forgotten it", (context) =>
    enabled(context, async (as) => {
      const key = `${context.prefix}a`;
      await using ada = await as(ADA);
      await ada.put(key, "1");
      await using watch = ada.watch(key);
      await watch.created;
      const values = watch[Symbol.asyncIterator]();
      // Simple tokens are kept in memory only.
      await context.server.restart();
      // The watch is back by itself, before any other call could have asked for a token.
      await using other = await as(ADA);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await other.put(key, "2");
      assert.equal((await values.next()).value?.events[0].kv.text, "2");
      await ada.put(key, "3").catch(() => ada.put(key, "3"));
    }));

  test("loses its token with its password", (context) =>
    enabled(context, async (as) => {
      await using root = await as(ROOT);
      await using ada = await as(ADA);
      await ada.get(`${context.prefix}a`);
      await root.auth.changePassword("ada", "another");
      await assert.rejects(ada.get(`${context.prefix}a`), { message: /authentication failed/ });
      await using again = await as({ user: "ada", password: "another" });
      await again.get(`${context.prefix}a`);
    }));

  test("manages users, roles and permissions", async ({ server }) => {
    await using client = await connect(server.endpoint);
    const { auth } = client;
    await auth.addUser("u", { password: "p" });
    await auth.addUser("n");
    await auth.addRole("r");
    await auth.grantRole("u", "r");
    assert.deepEqual(await auth.users(), ["n", "u"]);
    assert.deepEqual(await auth.roles(), ["r"]);
    assert.deepEqual(await auth.userRoles("u"), ["r"]);
    await auth.grantPermission("r", "read", "a");
    await auth.grantPermission("r", "write", "b", { rangeEnd: "c" });
    await auth.grantPermission("r", "readwrite", "p/", { prefix: true });
    await auth.grantPermission("r", "read", Uint8Array.of(0xff), { fromKey: true });
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const shown = (await auth.rolePermissions("r")).map(({ access, key, rangeEnd }) =>
      `${access} ${text(key)} ${text(rangeEnd)}`
    );
    assert.deepEqual(shown, ["read a ", "write b c", "readwrite p/ p0", "read \ufffd \0"]);
    await auth.revokePermission("r", "p/", { prefix: true });
    await assert.rejects(auth.revokePermission("r", "p/"), { code: GrpcCode.FailedPrecondition });
    await auth.revokeRole("u", "r");
    assert.deepEqual(await auth.userRoles("u"), []);
    await assert.rejects(auth.enable(), { message: "etcdserver: root user does not exist" });
    await auth.deleteRole("r");
    for (const user of ["u", "n"]) await auth.deleteUser(user);
    await assert.rejects(auth.userRoles("u"), { code: GrpcCode.FailedPrecondition });
  });

  test("knows whether authentication is enabled", async ({ server }) => {
    await using client = await connect(server.endpoint, ROOT);
    const { enabled, authRevision } = await client.auth.status();
    assert.equal(enabled, false);
    assert.ok(authRevision > 0);
  }, { notOn: { etcd: "there is no such call in 3.4" } });
}, { targets: TARGETS });
