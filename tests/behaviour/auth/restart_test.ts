import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { AUTH_SERVICE, KV_SERVICE } from "../../../src/pb/services.ts";
import {
  addUserWithRole,
  AuthAdmin,
  authenticate,
  enableAuth,
  withToken,
} from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { etcdctl } from "../../harness/etcdctl.ts";
import { type GrpcClient, refusal, withClient } from "../../harness/grpc_client.ts";
import { ServerProcess } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES, type TargetName, whyMissing } from "../../harness/targets.ts";

const INVALID_TOKEN = { code: GrpcCode.Unauthenticated, text: "etcdserver: invalid auth token" };
const TTL_MS = 2_000;

function read(client: GrpcClient, token: string): Promise<unknown> {
  return client.call(KV_SERVICE.range, { key: "k" }, withToken(token));
}

describeBothTargets("simple tokens", (test) => {
  test("live on while they are used, and not much longer", async ({ client }) => {
    const used = await enableAuth(client);
    const unused = await authenticate(client, "root", "root");
    for (let i = 0; i < 6; i++) {
      await sleep(TTL_MS / 4);
      await read(client, used);
    }
    await sleep(TTL_MS);
    assert.deepEqual(await refusal(read(client, unused)), INVALID_TOKEN);
    // etcd looks for old tokens once a second.
    await sleep(1_500);
    assert.deepEqual(await refusal(read(client, used)), INVALID_TOKEN);
  });
}, { targets: NEWER_TARGET_NAMES, flags: [`--auth-token-ttl=${TTL_MS / 1000}`] });

/** What has to be there behind every restart. */
async function check(client: GrpcClient, names: readonly string[]): Promise<void> {
  const get = client.call(KV_SERVICE.range, { key: "k" });
  assert.equal((await refusal(get)).text, "etcdserver: user name is empty");
  const root = await authenticate(client, "root", "root");
  assert.deepEqual(await new AuthAdmin(client, root).users(), ["root", ...names]);
  for (const name of names) {
    const token = await authenticate(client, name, name);
    await client.call(KV_SERVICE.put, { key: `${name}/k` }, withToken(token));
    const put = client.call(KV_SERVICE.put, { key: "k" }, withToken(token));
    assert.equal((await refusal(put)).code, GrpcCode.PermissionDenied);
  }
}

async function restartAgainAndAgain(target: TargetName): Promise<void> {
  const server = await ServerProcess.start(target, { flags: ["--bcrypt-cost=4"] });
  const names: string[] = [];
  let revision = 0;
  try {
    await withClient(server, (client) => enableAuth(client));
    for (let round = 0; round < 6; round++) {
      await withClient(server, async (client) => {
        await check(client, names);
        const root = await authenticate(client, "root", "root");
        const name = `user${round}`;
        await addUserWithRole(client, root, name);
        await new AuthAdmin(client, root).grant(name, `${name}/`, `${name}0`);
        names.push(name);
        revision = (await client.call(AUTH_SERVICE.authStatus)).authRevision;
      });
      if (round % 2 === 0) await server.kill();
      else await server.stop();
      await server.restart();
      await withClient(server, async (client) => {
        assert.equal((await client.call(AUTH_SERVICE.authStatus)).authRevision, revision);
      });
    }
    await withClient(server, (client) => check(client, names));
  } catch (error) {
    console.error(`the end of ${target}'s log:\n${server.logTail(12)}`);
    throw error;
  } finally {
    await server.dispose();
  }
}

for (const target of NEWER_TARGET_NAMES) {
  const reason = whyMissing(target);
  Deno.test({
    name: `[${target}] users, roles and rights are there behind kill -9 and behind a stop` +
      (reason === undefined ? "" : ` - not run: ${reason}`),
    ignore: reason !== undefined,
    fn: () => restartAgainAndAgain(target),
  });
}

describeBothTargets("etcdctl with --user", (test) => {
  test("works, and tells why it does not", async ({ client, server }) => {
    await enableAuth(client);
    const root = await authenticate(client, "root", "root");
    await addUserWithRole(client, root, "user");
    const run = (user: string, ...args: string[]) =>
      etcdctl(server, [...(user === "" ? [] : [`--user=${user}`]), ...args]);
    const asRoot = async (...args: string[]): Promise<string> =>
      (await run("root:root", ...args)).stdout.trim();
    assert.equal(
      await asRoot("role", "grant-permission", "user", "readwrite", "k", "--prefix"),
      "Role user updated",
    );
    assert.equal((await run("user:user", "put", "k1", "v")).stdout, "OK\n");
    assert.equal((await run("user:user", "get", "k", "--prefix")).stdout, "k1\nv\n");
    assert.match((await run("user:user", "get", "l")).stderr, /etcdserver: permission denied/);
    assert.match(
      (await run("user:wrong", "get", "k1")).stderr,
      /etcdserver: authentication failed, invalid user ID or password/,
    );
    assert.match((await run("", "get", "k1")).stderr, /etcdserver: user name is empty/);
    assert.equal(await asRoot("user", "list"), "root\nuser");
    assert.match(await asRoot("role", "get", "user"), /KV Read:\n\s+\[k, l\) \(prefix k\)/);
    assert.match(await asRoot("lease", "grant", "60"), /granted with TTL\(60s\)/);
    assert.match(await asRoot("endpoint", "status"), /, true, false, /);
    assert.match((await run("user:user", "endpoint", "hashkv")).stderr, /permission denied/);
    assert.equal(
      await asRoot("user", "revoke-role", "user", "user"),
      "Role user is revoked from user user",
    );
    assert.match((await run("user:user", "get", "k1")).stderr, /etcdserver: permission denied/);
    assert.equal(await asRoot("auth", "disable"), "Authentication Disabled");
    assert.equal((await run("", "get", "k1")).stdout, "k1\nv\n");
  });
});
