import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { latin1FromBytes } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { withDirectory } from "../../src/base/testing/with_directory.ts";
import { decodeUser, encodeUser } from "../../src/core/auth/user.ts";
import { Bucket } from "../../src/disk/backend/schema.ts";
import { BTreeFile } from "../../src/disk/btree/btree_file.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import { PermissionType } from "../../src/pb/authpb.ts";
import { KV_SERVICE } from "../../src/pb/services.ts";
import { AuthAdmin, authenticate, enableAuth, withToken } from "../harness/auth_calls.ts";
import { type GrpcClient, refusal, withClient } from "../harness/grpc_client.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { type TargetName, whyMissing } from "../harness/targets.ts";

const fileSystem = new DenoFileSystem();

/** How a turn ends: in order, or by `kill -9` with some of what was done in the log alone. */
type Ending = "stop" | "kill";

/** Lets a server have the data for a while. */
async function turn(
  target: TargetName,
  line: string,
  dataDir: string,
  ending: Ending,
  use: (client: GrpcClient) => Promise<void>,
): Promise<void> {
  const flags = target === "detcd" ? [`--compat-version=${line}`, "--bcrypt-cost=4"] : [];
  // What is done last is then not in the file when the process is killed.
  const slow = target === "detcd" && ending === "kill" ? ["--backend-batch-interval=1h"] : [];
  const server = await ServerProcess.start(target, { dataDir, flags: [...flags, ...slow] });
  try {
    await withClient(server, use);
    if (ending === "stop") await server.stop();
    else await server.kill();
  } catch (error) {
    console.error(`the end of ${target}'s log:\n${server.logTail(12)}`);
    throw error;
  } finally {
    await server.dispose();
  }
}

/** Whether the user may, as its token says. */
async function may(client: GrpcClient, token: string, key: string): Promise<boolean> {
  try {
    await client.call(KV_SERVICE.put, { key }, withToken(token));
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    assert.equal(error.code, GrpcCode.PermissionDenied, error.message);
    return false;
  }
}

/** Every server finds what the one before did, also if it was killed, and adds to it. */
async function takeTurns(etcd: TargetName, line: string, ending: Ending): Promise<void> {
  await withDirectory(async (parent) => {
    const dataDir = join(parent, "data");
    await turn(etcd, line, dataDir, ending, async (client) => {
      const admin = new AuthAdmin(client, await enableAuth(client));
      await admin.addRole("r");
      await admin.grant("r", "a", "b");
      await admin.addUser("ann", "ann's");
      await admin.grantRole("ann", "r");
      await admin.addUserWithoutPassword("cert");
      assert.deepEqual(
        [await may(client, await authenticate(client, "ann", "ann's"), "a1")],
        [true],
      );
    });
    await turn("detcd", line, dataDir, ending, async (client) => {
      const ann = await authenticate(client, "ann", "ann's");
      assert.deepEqual([await may(client, ann, "a1"), await may(client, ann, "b1")], [true, false]);
      const get = client.call(KV_SERVICE.range, { key: "a1" });
      assert.equal((await refusal(get)).text, "etcdserver: user name is empty");
      const admin = new AuthAdmin(client, await authenticate(client, "root", "root"));
      assert.deepEqual(await admin.users(), ["ann", "cert", "root"]);
      await admin.addUser("bob", "bob's");
      await admin.grantRole("bob", "r");
      await admin.changePassword("ann", "other");
      await admin.grant("r", "b", "", PermissionType.WRITE);
      await admin.addRole("s");
      assert.ok(await may(client, await authenticate(client, "bob", "bob's"), "b"));
    });
    await turn(etcd, line, dataDir, ending, async (client) => {
      for (const [name, password] of [["bob", "bob's"], ["ann", "other"]]) {
        const token = await authenticate(client, name, password);
        assert.deepEqual(
          [
            await may(client, token, "a1"),
            await may(client, token, "b"),
            await may(client, token, "c"),
          ],
          [true, true, false],
        );
      }
      for (const password of ["", "ann's"]) {
        assert.equal((await refusal(authenticate(client, "ann", password))).code, 3);
        assert.equal((await refusal(authenticate(client, "bob", password))).code, 3);
      }
      const admin = new AuthAdmin(client, await authenticate(client, "root", "root"));
      assert.deepEqual(await admin.roles(), ["r", "s"]);
      await admin.deleteUser("bob");
      await admin.deleteRole("s");
      await admin.changePassword("ann", "third");
    });
    await turn("detcd", line, dataDir, ending, async (client) => {
      assert.equal((await refusal(authenticate(client, "bob", "bob's"))).code, 3);
      const ann = await authenticate(client, "ann", "third");
      assert.deepEqual([await may(client, ann, "b"), await may(client, ann, "c")], [true, false]);
      const admin = new AuthAdmin(client, await authenticate(client, "root", "root"));
      assert.deepEqual([await admin.users(), await admin.roles()], [["ann", "cert", "root"], [
        "r",
      ]]);
      await admin.disable();
    });
    await turn(etcd, line, dataDir, ending, async (client) => {
      await client.call(KV_SERVICE.range, { key: "a1" });
    });
  });
}

for (const [etcd, line] of [["etcd", "3.4"], ["etcd-3.7", "3.7"]] as const) {
  const reason = whyMissing(etcd);
  for (const ending of ["stop", "kill"] as const) {
    Deno.test({
      name:
        `real etcd ${line} and detcd take turns on data with authentication, each ended by ${ending}` +
        (reason === undefined ? "" : ` - not run: ${reason}`),
      ignore: reason !== undefined,
      fn: () => takeTurns(etcd, line, ending),
    });
  }
}

/** What the buckets of authentication hold; hashes are left out, for no two of them are the same. */
async function storedAuth(dataDir: string): Promise<Record<string, Record<string, string>>> {
  const copy = mkdtempSync(join(tmpdir(), "detcd-auth-"));
  try {
    cpSync(join(dataDir, "member", "snap", "db"), join(copy, "db"));
    const options = { clock: systemClock, yieldTurn: () => setImmediate(), readOnly: true };
    const file = await BTreeFile.open(fileSystem, join(copy, "db"), options);
    const read = file.beginRead();
    const found: Record<string, Record<string, string>> = {};
    for (const bucket of [Bucket.AUTH, Bucket.AUTH_ROLES, Bucket.AUTH_USERS]) {
      const pairs: Record<string, string> = {};
      const cursor = read.bucket(bucket)?.cursor();
      for (let more = cursor?.first(); more && cursor !== undefined; more = cursor.next()) {
        const value = cursor.value.slice();
        const text = bucket === Bucket.AUTH_USERS ? withoutHash(value) : value.toHex();
        pairs[latin1FromBytes(cursor.key)] = text;
      }
      found[bucket] = pairs;
    }
    read.close();
    await file.close();
    return found;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Also checks that a user is written as it was read. */
function withoutHash(value: Uint8Array): string {
  const user = decodeUser(value);
  assert.equal(encodeUser(user).toHex(), value.toHex());
  const { passwordHash, ...others } = user;
  const isHash = /^\$2a\$\d\d\$[./A-Za-z0-9]{53}$/.test(latin1FromBytes(passwordHash));
  return JSON.stringify({ ...others, password: isHash ? "hashed" : passwordHash.toHex() });
}

async function fillAuth(client: GrpcClient): Promise<void> {
  const admin = new AuthAdmin(client, await enableAuth(client));
  await admin.addUser("plain", "x");
  await admin.addUserWithoutPassword("certified");
  await admin.addUser("emptied", "x");
  await admin.addUser("gone", "x");
  for (const role of ["z", "a", "m", "gone"]) {
    await admin.addRole(role);
    await admin.grantRole("plain", role);
    await admin.grantRole("certified", role);
  }
  await admin.grant("z", "k", "", PermissionType.READ);
  await admin.grant("z", "\xff\x80", "\0", PermissionType.WRITE);
  await admin.grant("z", "a", "b");
  await admin.revokeRole("certified", "a");
  await admin.deleteRole("gone");
  await admin.deleteUser("gone");
  await admin.disable();
}

for (const [etcd, line] of [["etcd", "3.4"], ["etcd-3.7", "3.7"]] as const) {
  const reason = whyMissing(etcd);
  Deno.test({
    name: `detcd stores users and roles as etcd ${line} does` +
      (reason === undefined ? "" : ` - not run: ${reason}`),
    ignore: reason !== undefined,
    fn: () =>
      withDirectory(async (parent) => {
        const [theirs, ours] = [join(parent, "theirs"), join(parent, "ours")];
        await turn(etcd, line, theirs, "stop", fillAuth);
        await turn("detcd", line, ours, "stop", fillAuth);
        assert.deepEqual(await storedAuth(ours), await storedAuth(theirs));
      }),
  });
}
