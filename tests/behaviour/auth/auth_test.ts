import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { PermissionType } from "../../../src/pb/authpb.ts";
import { AUTH_SERVICE, KV_SERVICE } from "../../../src/pb/services.ts";
import { AuthAdmin, authenticate, enableAuth, withToken } from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type CallFailure, type GrpcClient, refusal } from "../../harness/grpc_client.ts";
import { httpRequest } from "../../harness/http1.ts";
import { headerOf, put, range } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

function failure(code: number, text: string): CallFailure {
  return { code, text: `etcdserver: ${text}` };
}

const { FailedPrecondition, InvalidArgument, PermissionDenied, Unauthenticated } = GrpcCode;
const USER_EMPTY = failure(InvalidArgument, "user name is empty");
const ROLE_EMPTY = failure(InvalidArgument, "role name is empty");
const NO_USER = failure(FailedPrecondition, "user name not found");
const NO_ROLE = failure(FailedPrecondition, "role name not found");
const INVALID_MANAGEMENT = failure(InvalidArgument, "invalid auth management");
const AUTH_FAILED = failure(
  InvalidArgument,
  "authentication failed, invalid user ID or password",
);
const INVALID_TOKEN = failure(Unauthenticated, "invalid auth token");
const DENIED = failure(PermissionDenied, "permission denied");

/** Lets `use` work while authentication is on, with root's token, and turns it off again. */
async function whileEnabled(
  client: GrpcClient,
  use: (root: string, admin: AuthAdmin) => Promise<void>,
): Promise<void> {
  const root = await enableAuth(client);
  try {
    await use(root, new AuthAdmin(client, root));
  } finally {
    await new AuthAdmin(client, await authenticate(client, "root", "root")).disable();
    await new AuthAdmin(client).deleteUser("root");
  }
}

describeBothTargets("auth", (test) => {
  test("users are added, listed, told and deleted", async ({ client, prefix }) => {
    const admin = new AuthAdmin(client);
    const [a, b] = [`${prefix}a`, `${prefix}b`];
    await admin.addUser(b, "pw");
    await admin.addUser(a, "pw");
    assert.deepEqual(await refusal(admin.addUser(a, "other")), {
      code: FailedPrecondition,
      text: "etcdserver: user name already exists",
    });
    assert.deepEqual(await refusal(admin.addUser("", "pw")), USER_EMPTY);
    assert.deepEqual(await admin.users(), [a, b]);
    assert.deepEqual(await admin.rolesOf(a), []);
    await admin.deleteUser(a);
    assert.deepEqual(await admin.users(), [b]);
    assert.deepEqual(await refusal(admin.deleteUser(a)), NO_USER);
    assert.deepEqual(await refusal(admin.rolesOf(a)), NO_USER);
    assert.deepEqual(await refusal(admin.changePassword(a, "x")), NO_USER);
    assert.deepEqual(await refusal(admin.grantRole(a, "root")), NO_USER);
    assert.deepEqual(await refusal(admin.revokeRole(a, "root")), NO_USER);
    await admin.deleteUser(b);
  });

  test("users and roles are listed in the order of their bytes", async ({ client }) => {
    const admin = new AuthAdmin(client);
    const names = ["Z", "a", "ab", "é", "\ue000", "\u{1f600}"];
    for (const name of [...names].reverse()) {
      await admin.addUserWithoutPassword(name);
      await admin.addRole(name);
    }
    for (const role of names) await admin.grantRole("a", role);
    assert.deepEqual(await admin.users(), names);
    assert.deepEqual(await admin.roles(), names);
    assert.deepEqual(await admin.rolesOf("a"), names);
    for (const name of names) {
      await admin.deleteUser(name);
      await admin.deleteRole(name);
    }
  });

  test("roles are added, listed, granted, revoked and deleted", async ({ client, prefix }) => {
    const admin = new AuthAdmin(client);
    const [user, r, s] = [`${prefix}u`, `${prefix}r`, `${prefix}s`];
    await admin.addUser(user, "pw");
    await admin.addRole(s);
    await admin.addRole(r);
    assert.deepEqual(await refusal(admin.addRole(r)), {
      code: FailedPrecondition,
      text: "etcdserver: role name already exists",
    });
    assert.deepEqual(await refusal(admin.addRole("")), ROLE_EMPTY);
    assert.deepEqual(await admin.roles(), [r, s]);
    for (const role of [s, r, r, "root"]) await admin.grantRole(user, role);
    assert.deepEqual(await admin.rolesOf(user), ["root", r, s].sort());
    assert.deepEqual(await refusal(admin.grantRole(user, `${prefix}x`)), NO_ROLE);
    await admin.revokeRole(user, s);
    assert.deepEqual(await refusal(admin.revokeRole(user, s)), {
      code: FailedPrecondition,
      text: "etcdserver: role is not granted to the user",
    });
    await admin.deleteRole(r);
    assert.deepEqual(await admin.rolesOf(user), ["root"]);
    assert.deepEqual(await refusal(admin.deleteRole(r)), NO_ROLE);
    assert.deepEqual(await refusal(admin.permissionsOf(r)), NO_ROLE);
    await admin.deleteRole(s);
    await admin.deleteUser(user);
  });

  test("permissions are granted, replaced and revoked by their keys", async ({ client, prefix }) => {
    const admin = new AuthAdmin(client);
    const role = `${prefix}r`;
    const told = async (): Promise<string[]> =>
      (await admin.permissionsOf(role)).map(({ permType, key, rangeEnd }) =>
        `${key}..${rangeEnd} ${permType}`
      );
    await admin.addRole(role);
    await admin.grant(role, "m", "", PermissionType.READ);
    await admin.grant(role, "a", "c", PermissionType.WRITE);
    await admin.grant(role, "x", "\0", PermissionType.READWRITE);
    assert.deepEqual(await told(), ["a..c 1", "m.. 0", "x..\0 2"]);
    await admin.grant(role, "m", "", PermissionType.WRITE);
    await admin.grant(role, "m", "n", PermissionType.READ);
    assert.deepEqual(await told(), ["a..c 1", "m.. 1", "m..n 0", "x..\0 2"]);
    // Only the first one of a key is found again.
    await admin.grant(role, "m", "n", PermissionType.WRITE);
    assert.deepEqual(await told(), ["a..c 1", "m.. 1", "m..n 0", "m..n 1", "x..\0 2"]);
    await admin.revoke(role, "m", "n");
    assert.deepEqual(await told(), ["a..c 1", "m.. 1", "x..\0 2"]);
    assert.deepEqual(await refusal(admin.revoke(role, "m", "n")), {
      code: FailedPrecondition,
      text: "etcdserver: permission is not granted to the role",
    });
    assert.deepEqual(await refusal(admin.revoke(`${prefix}x`, "m")), NO_ROLE);
    assert.deepEqual(await refusal(admin.grant(`${prefix}x`, "m")), NO_ROLE);
    await admin.deleteRole(role);
  });

  test("authentication needs a user root with the role root", async ({ client }) => {
    const admin = new AuthAdmin(client);
    assert.deepEqual(await refusal(admin.enable()), {
      code: FailedPrecondition,
      text: "etcdserver: root user does not exist",
    });
    await admin.addUser("root", "root");
    assert.deepEqual(await refusal(admin.enable()), {
      code: FailedPrecondition,
      text: "etcdserver: root user does not have root role",
    });
    assert.deepEqual(await refusal(authenticate(client, "root", "root")), {
      code: FailedPrecondition,
      text: "etcdserver: authentication is not enabled",
    });
    await admin.disable();
    await admin.deleteUser("root");
  });

  test("passwords let in, all other ones do not", async ({ client, prefix }) => {
    await whileEnabled(client, async (_root, admin) => {
      const [user, certified] = [`${prefix}u`, `${prefix}c`];
      await admin.addUser(user, "päss word");
      await admin.addUserWithoutPassword(certified);
      assert.match(await authenticate(client, user, "päss word"), /^[A-Za-z]{16}\.[0-9]+$/);
      for (const wrong of ["", "pass word", "päss word "]) {
        assert.deepEqual(await refusal(authenticate(client, user, wrong)), AUTH_FAILED);
      }
      assert.deepEqual(await refusal(authenticate(client, "nobody", "x")), AUTH_FAILED);
      assert.deepEqual(await refusal(authenticate(client, "", "")), AUTH_FAILED);
      for (const password of ["", "x"]) {
        assert.deepEqual(await refusal(authenticate(client, certified, password)), {
          code: GrpcCode.Unknown,
          text: "auth: authentication failed, password was given for no password user",
        });
      }
    });
  });

  test("root cannot be locked out while authentication is on", async ({ client }) => {
    await whileEnabled(client, async (_root, admin) => {
      await admin.addRole("root");
      await admin.enable();
      assert.deepEqual(await refusal(admin.deleteUser("root")), INVALID_MANAGEMENT);
      assert.deepEqual(await refusal(admin.revokeRole("root", "root")), INVALID_MANAGEMENT);
      assert.deepEqual(await refusal(admin.deleteRole("root")), INVALID_MANAGEMENT);
      await admin.addUser("other", "x");
      await admin.grantRole("other", "root");
      await admin.revokeRole("other", "root");
      await admin.deleteUser("other");
    });
    await new AuthAdmin(client).deleteRole("root");
  });

  test("a token is worth nothing any more once the password is another one", async ({ client, prefix }) => {
    await whileEnabled(client, async (_root, admin) => {
      const user = `${prefix}u`;
      await admin.addUser(user, "old");
      const tokens = [
        await authenticate(client, user, "old"),
        await authenticate(client, user, "old"),
      ];
      assert.notEqual(tokens[0], tokens[1]);
      for (const token of tokens) {
        const told = await client.call(AUTH_SERVICE.userGet, { name: user }, withToken(token));
        assert.deepEqual(told.roles, []);
      }
      await admin.changePassword(user, "new");
      for (const token of tokens) {
        const told = client.call(AUTH_SERVICE.userGet, { name: user }, withToken(token));
        assert.deepEqual(await refusal(told), INVALID_TOKEN);
      }
      assert.deepEqual(await refusal(authenticate(client, user, "old")), AUTH_FAILED);
      const token = await authenticate(client, user, "new");
      await admin.deleteUser(user);
      const get = client.call(KV_SERVICE.range, { key: "k" }, withToken(token));
      assert.deepEqual(await refusal(get), INVALID_TOKEN);
    });
  });

  test("a change of rights counts at once for a token that is there", async ({ client, prefix }) => {
    await whileEnabled(client, async (_root, admin) => {
      const [user, role, key] = [`${prefix}u`, `${prefix}r`, `${prefix}k`];
      await admin.addUser(user, "pw");
      await admin.addRole(role);
      const token = await authenticate(client, user, "pw");
      const write = () => client.call(KV_SERVICE.put, { key }, withToken(token));
      const read = () => client.call(KV_SERVICE.range, { key }, withToken(token));
      assert.deepEqual(await refusal(write()), DENIED);
      await admin.grantRole(user, role);
      await admin.grant(role, key, "", PermissionType.WRITE);
      await write();
      assert.deepEqual(await refusal(read()), DENIED);
      await admin.grant(role, key, "", PermissionType.READ);
      await read();
      assert.deepEqual(await refusal(write()), DENIED);
      await admin.revokeRole(user, role);
      assert.deepEqual(await refusal(read()), DENIED);
      await admin.grantRole(user, "root");
      await write();
      const { users } = await client.call(AUTH_SERVICE.userList, {}, withToken(token));
      assert.ok(users.includes(user));
      await admin.deleteUser(user);
    });
  });

  test("the headers of changes and of logins are those of every call", async ({ client }) => {
    const header = headerOf(await put(client, "k", "v"));
    const added = await client.call(AUTH_SERVICE.roleAdd, { name: "h" });
    assert.deepEqual(headerOf(added), header);
    assert.deepEqual(headerOf(await client.call(AUTH_SERVICE.roleList)), header);
    const deleted = await client.call(AUTH_SERVICE.roleDelete, { role: "h" });
    assert.deepEqual(headerOf(deleted), header);
    await whileEnabled(client, async () => {
      const fields = { name: "root", password: "root" };
      assert.deepEqual(headerOf(await client.call(AUTH_SERVICE.authenticate, fields)), header);
    });
    assert.deepEqual(headerOf(await range(client, "k")), header);
  });
});

describeBothTargets("auth since etcd 3.5", (test) => {
  test("the auth revision counts what changes, and nothing else", async ({ client }) => {
    const admin = new AuthAdmin(client);
    assert.deepEqual(await admin.status(), { enabled: false, revision: 1 });
    const revisionBehind = async (change: Promise<unknown>): Promise<number> => {
      await change;
      return (await admin.status()).revision;
    };
    const counts = [
      await revisionBehind(admin.addUser("root", "root")),
      await revisionBehind(refusal(admin.addUser("root", "root"))),
      await revisionBehind(admin.grantRole("root", "root")),
      await revisionBehind(admin.grantRole("root", "root")),
      await revisionBehind(admin.addRole("r")),
      await revisionBehind(admin.grant("r", "k")),
      await revisionBehind(admin.grant("r", "k")),
      await revisionBehind(admin.revoke("r", "k")),
      await revisionBehind(admin.disable()),
      await revisionBehind(admin.enable()),
      await revisionBehind(authenticate(client, "root", "root")),
    ];
    assert.deepEqual(counts, [2, 2, 3, 3, 4, 5, 6, 7, 7, 7, 7]);
    assert.deepEqual(await admin.status(), { enabled: true, revision: 7 });
    const root = new AuthAdmin(client, await authenticate(client, "root", "root"));
    await root.enable();
    await root.changePassword("root", "other");
    assert.deepEqual(await admin.status(), { enabled: true, revision: 8 });
    await new AuthAdmin(client, await authenticate(client, "root", "other")).disable();
    assert.deepEqual(await admin.status(), { enabled: false, revision: 9 });
    await admin.deleteRole("r");
    await admin.deleteUser("root");
    assert.equal((await admin.status()).revision, 11);
  });

  test("the metrics tell the auth revision", async ({ client, server }) => {
    const { revision } = await new AuthAdmin(client).status();
    const { body } = await httpRequest(server.clientPort, "/metrics");
    const line = body.split("\n").find((line) => line.startsWith("etcd_debugging_auth_revision"));
    assert.equal(line, `etcd_debugging_auth_revision ${revision}`);
  });

  test("permissions are refused for no key, and for ranges without keys", async ({ client }) => {
    const admin = new AuthAdmin(client);
    await admin.addRole("r");
    assert.deepEqual(await refusal(admin.grantNothing("r")), {
      code: InvalidArgument,
      text: "etcdserver: permission not given",
    });
    const refused = [["", ""], ["", "\0"], ["", "b"], ["b", "a"], ["b", "b"]];
    for (const [key, rangeEnd] of refused) {
      assert.deepEqual(await refusal(admin.grant("r", key, rangeEnd)), INVALID_MANAGEMENT);
    }
    await admin.grant("r", "\0", "\0");
    await admin.deleteRole("r");
  });

  test("a password that bcrypt cannot read to its end is refused", async ({ client }) => {
    const admin = new AuthAdmin(client);
    await admin.addUser("u", "x".repeat(72));
    const tooLong = { code: GrpcCode.Unknown, text: "bcrypt: password length exceeds 72 bytes" };
    assert.deepEqual(await refusal(admin.addUser("v", "x".repeat(73))), tooLong);
    assert.deepEqual(await refusal(admin.changePassword("u", "é".repeat(37))), tooLong);
    await admin.deleteUser("u");
  });

  test("an empty password lets in who was added with it, and nobody whom it was given later", async ({ client }) => {
    await whileEnabled(client, async (_root, admin) => {
      await admin.addUser("u", "");
      assert.match(await authenticate(client, "u", ""), /\./);
      await admin.changePassword("u", "");
      assert.deepEqual(await refusal(authenticate(client, "u", "")), AUTH_FAILED);
      await admin.deleteUser("u");
    });
  });

  test("what is no hash is refused, unless nobody needs one", async ({ client }) => {
    const admin = new AuthAdmin(client);
    const change = (name: string) =>
      client.call(AUTH_SERVICE.userChangePassword, { name, hashedPassword: "no base64" });
    assert.deepEqual(await refusal(change("nobody")), NO_USER);
    await admin.addUser("u", "x");
    assert.deepEqual(await refusal(change("u")), {
      code: GrpcCode.Unknown,
      text: "auth: authentication failed, password was given for no password user",
    });
    await admin.addUserWithoutPassword("c");
    await change("c");
    for (const name of ["c", "u"]) await admin.deleteUser(name);
  });

  test("a user without a password gets none", async ({ client }) => {
    await whileEnabled(client, async (_root, admin) => {
      await admin.addUserWithoutPassword("u");
      await admin.changePassword("u", "x");
      assert.equal((await refusal(authenticate(client, "u", "x"))).code, GrpcCode.Unknown);
      await admin.deleteUser("u");
    });
  });

  test("the role root tells of all keys, once it is there", async ({ client }) => {
    const admin = new AuthAdmin(client);
    assert.deepEqual(await refusal(admin.permissionsOf("root")), NO_ROLE);
    await admin.addRole("root");
    await admin.grant("root", "k");
    assert.deepEqual(await admin.permissionsOf("root"), [
      { permType: PermissionType.READWRITE, key: "", rangeEnd: "\0" },
    ]);
    await admin.deleteRole("root");
  });

  test("a token of before is worth nothing when authentication comes back", async ({ client }) => {
    let before = "";
    await whileEnabled(client, (root) => Promise.resolve(void (before = root)));
    // While it is off, nobody looks at tokens.
    await client.call(KV_SERVICE.range, { key: "k" }, withToken(before));
    await whileEnabled(client, async () => {
      const get = client.call(KV_SERVICE.range, { key: "k" }, withToken(before));
      assert.deepEqual(await refusal(get), INVALID_TOKEN);
    });
  });

  test("tokens are taken from either name, with or without Bearer", async ({ client }) => {
    await whileEnabled(client, async (root) => {
      const get = (metadata: Record<string, string>) =>
        client.call(KV_SERVICE.range, { key: "k" }, { metadata });
      await get({ token: root });
      await get({ token: `Bearer ${root}` });
      await get({ authorization: root });
      await get({ authorization: `Bearer ${root}` });
      await get({ token: root, authorization: "wrong" });
      const wrong: Record<string, string>[] = [
        { token: "wrong", authorization: root },
        { authorization: `bearer ${root}` },
        { authorization: `Basic ${root}` },
        { token: `Bearer Bearer ${root}` },
        { token: root.slice(0, -1) },
        { token: "" },
      ];
      for (const metadata of wrong) {
        assert.deepEqual(await refusal(get(metadata)), INVALID_TOKEN, JSON.stringify(metadata));
      }
    });
  });
}, { targets: NEWER_TARGET_NAMES });
