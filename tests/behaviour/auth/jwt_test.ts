import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createPrivateKey } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesFromText } from "../../../src/base/bytes.ts";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { importPKCS8, SignJWT } from "../../../src/deps/jose.ts";
import { WatchCreateRequest } from "../../../src/pb/etcdserverpb.ts";
import { AUTH_SERVICE, KV_SERVICE, WATCH_SERVICE } from "../../../src/pb/services.ts";
import {
  addUserWithRole,
  AuthAdmin,
  authenticate,
  enableAuth,
  withToken,
} from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { GrpcClient, refusal, withClient } from "../../harness/grpc_client.ts";
import { rangeOp } from "../../harness/kv_calls.ts";
import { findProgram } from "../../harness/programs.ts";
import { ServerProcess } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES, type TargetName, whyMissing } from "../../harness/targets.ts";

const INVALID_TOKEN = {
  code: GrpcCode.Unauthenticated,
  text: "etcdserver: invalid auth token",
};

const openssl = findProgram("openssl");
const keyDir = mkdtempSync(join(tmpdir(), "detcd-jwt-"));
globalThis.addEventListener("unload", () => Deno.removeSync(keyDir, { recursive: true }));

function path(name: string): string {
  return join(keyDir, name);
}

/** Makes a key pair, the private key in the form that `openssl` has for it by default. */
function makeKeys(name: string, ...generate: string[]): void {
  if (openssl === undefined) return;
  const quiet = { stdio: "ignore" } as const;
  execFileSync(openssl, [...generate, "-out", path(`${name}.pem`)], quiet);
  const publicKey = ["pkey", "-in", path(`${name}.pem`), "-pubout", "-out", path(`${name}.pub`)];
  execFileSync(openssl, publicKey, quiet);
}

makeKeys("rsa", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048");
makeKeys("other", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048");
makeKeys("ec256", "ecparam", "-genkey", "-noout", "-name", "prime256v1");
makeKeys("ec384", "ecparam", "-genkey", "-noout", "-name", "secp384r1");
makeKeys("ec521", "ecparam", "-genkey", "-noout", "-name", "secp521r1");
makeKeys("ed", "genpkey", "-algorithm", "ed25519");
writeFileSync(
  path("secret.pem"),
  "a secret that is long enough for all sizes of HMAC, in whatever tool\n",
);

/** The options of a member that signs. */
function signing(algorithm: string, key: string): string {
  return `--auth-token=jwt,sign-method=${algorithm},priv-key=${path(`${key}.pem`)},ttl=10m`;
}

/** The keys of each algorithm, and the oldest etcd that has it. */
const ALGORITHMS: readonly (readonly [string, string, TargetName])[] = [
  ["RS256", "rsa", "etcd"],
  ["RS512", "rsa", "etcd"],
  ["PS384", "rsa", "etcd"],
  ["ES256", "ec256", "etcd"],
  ["ES384", "ec384", "etcd"],
  ["ES512", "ec521", "etcd"],
  ["HS256", "secret", "etcd"],
  ["HS512", "secret", "etcd"],
  ["EdDSA", "ed", "etcd-3.7"],
];

/** Starts a server with a user "user" who may use the keys that begin with k. */
async function withServer(
  target: TargetName,
  flag: string,
  use: (client: GrpcClient, tokens: readonly string[]) => Promise<void>,
): Promise<void> {
  const server = await ServerProcess.start(target, { flags: [flag] });
  try {
    await withClient(server, async (client) => {
      const root = await enableAuth(client);
      await addUserWithRole(client, root, "user");
      const again = await authenticate(client, "root", "root");
      await new AuthAdmin(client, again).grant("user", "k", "l");
      const tokens = ["root", "user"].map((name) => authenticate(client, name, name));
      await use(client, await Promise.all(tokens));
    });
  } catch (error) {
    console.error(`the end of ${target}'s log:\n${server.logTail(12)}`);
    throw error;
  } finally {
    await server.dispose();
  }
}

for (const [algorithm, key, etcd] of ALGORITHMS) {
  const reason = openssl === undefined ? "openssl is not here" : whyMissing(etcd);
  Deno.test({
    name: `${etcd} and detcd take each other's tokens, signed by ${algorithm}` +
      (reason === undefined ? "" : ` - not run: ${reason}`),
    ignore: reason !== undefined,
    fn: () =>
      withServer(
        etcd,
        signing(algorithm, key),
        (theirs, theirTokens) =>
          withServer("detcd", signing(algorithm, key), async (ours, ourTokens) => {
            for (
              const [client, [root, user]] of [[theirs, ourTokens], [ours, theirTokens]] as const
            ) {
              await client.call(AUTH_SERVICE.userList, {}, withToken(root));
              await client.call(KV_SERVICE.put, { key: "k1" }, withToken(user));
              const put = client.call(KV_SERVICE.put, { key: "l1" }, withToken(user));
              assert.equal((await refusal(put)).code, GrpcCode.PermissionDenied);
            }
          }),
      ),
  });
}

/** Signs claims as somebody would who has the key. */
async function sign(
  algorithm: string,
  key: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const privateKey = createPrivateKey(readFileSync(path(`${key}.pem`)));
  const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  return await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .sign(await importPKCS8(pem, algorithm));
}

const now = () => Math.floor(Date.now() / 1000);

if (openssl !== undefined) {
  describeBothTargets("JSON web tokens", (test) => {
    test("bad ones are all refused alike", async ({ client }) => {
      const root = await enableAuth(client);
      const revision = 3;
      const claims = { username: "root", revision, exp: now() + 100 };
      const read = (token: string) => client.call(KV_SERVICE.range, { key: "k" }, withToken(token));
      await read(root);
      await read(await sign("RS256", "rsa", claims));
      await read(await sign("RS256", "rsa", { username: "root", revision }));
      const [header, payload, signature] = root.split(".");
      const encode = (value: unknown) =>
        bytesFromText(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
      const unsigned = `${encode({ alg: "none", typ: "JWT" })}.${encode(claims)}.`;
      const publicAsSecret = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" })
        .sign(readFileSync(path("rsa.pub")));
      const bad: Record<string, string> = {
        empty: "",
        words: "no token at all",
        simple: "abcdefghijklmnop.7",
        parts: `${header}.${payload}`,
        more: `${root}.x`,
        cut: root.slice(0, -3),
        unsigned,
        publicAsSecret,
        exchanged: `${header}.${encode({ ...claims, username: "other" })}.${signature}`,
        otherKey: await sign("RS256", "other", claims),
        otherAlgorithm: await sign("RS512", "rsa", claims),
        expired: await sign("RS256", "rsa", { ...claims, exp: now() - 1 }),
        early: await sign("RS256", "rsa", { ...claims, nbf: now() + 100 }),
        nameless: await sign("RS256", "rsa", { revision, exp: claims.exp }),
        numbered: await sign("RS256", "rsa", { ...claims, username: 1 }),
        ageless: await sign("RS256", "rsa", { username: "root", exp: claims.exp }),
        worded: await sign("RS256", "rsa", { ...claims, revision: "3" }),
      };
      for (const [name, token] of Object.entries(bad)) {
        // The second time as well.
        for (let i = 0; i < 2; i++) {
          assert.deepEqual(await refusal(read(token)), INVALID_TOKEN, name);
        }
      }
      assert.equal((await client.call(AUTH_SERVICE.authStatus, {})).authRevision, revision);
    });

    test("one from before a change is only good for what root does", async ({ client }) => {
      const root = await authenticate(client, "root", "root");
      await new AuthAdmin(client, root).addRole("r");
      const old = {
        code: GrpcCode.InvalidArgument,
        text: "etcdserver: revision of auth store is old",
      };
      const get = client.call(KV_SERVICE.range, { key: "k" }, withToken(root));
      assert.deepEqual(await refusal(get), old);
      const put = client.call(KV_SERVICE.put, { key: "k" }, withToken(root));
      assert.deepEqual(await refusal(put), old);
      const stream = client.open(WATCH_SERVICE.watch, withToken(root));
      stream.send({ createRequest: WatchCreateRequest.create({ key: "k" }) });
      assert.match((await stream.next()).cancelReason, /revision of auth store is old$/);
      await new AuthAdmin(client, root).deleteRole("r");
      const again = await authenticate(client, "root", "root");
      await client.call(KV_SERVICE.range, { key: "k" }, withToken(again));
    });

    test("one from behind a change that is not known here writes, and does not read", async ({ client }) => {
      const root = await authenticate(client, "root", "root");
      const admin = new AuthAdmin(client, root);
      const { revision } = await admin.status();
      const claims = { username: "root", revision: revision + 10, exp: now() + 100 };
      const token = withToken(await sign("RS256", "rsa", claims));
      await client.call(KV_SERVICE.put, { key: "k" }, token);
      const old = {
        code: GrpcCode.InvalidArgument,
        text: "etcdserver: revision of auth store is old",
      };
      assert.deepEqual(await refusal(client.call(KV_SERVICE.range, { key: "k" }, token)), old);
      const txn = client.call(KV_SERVICE.txn, { success: [rangeOp("k")] }, token);
      assert.deepEqual(await refusal(txn), old);
      assert.deepEqual(await refusal(client.call(KV_SERVICE.txn, {}, token)), old);
      const past = { ...claims, revision: revision - 1 };
      const pastToken = withToken(await sign("RS256", "rsa", past));
      assert.deepEqual(await refusal(client.call(KV_SERVICE.txn, {}, pastToken)), old);
      const reading = client.open(KV_SERVICE.rangeStream, token);
      reading.send({ key: "k" });
      reading.halfClose();
      assert.deepEqual(await reading.ended, old);
      const watch = client.open(WATCH_SERVICE.watch, token);
      watch.send({ createRequest: WatchCreateRequest.create({ key: "k" }) });
      assert.equal((await watch.next()).canceled, false);
    });

    test("one of nobody who is known is denied everything", async ({ client }) => {
      const claims = { username: "nobody", revision: 1000, exp: now() + 100 };
      const token = await sign("RS256", "rsa", claims);
      const put = client.call(KV_SERVICE.put, { key: "k" }, withToken(token));
      assert.equal((await refusal(put)).code, GrpcCode.PermissionDenied);
      assert.deepEqual(await refusal(new AuthAdmin(client, token).users()), {
        code: GrpcCode.FailedPrecondition,
        text: "etcdserver: user name not found",
      });
    });
  }, { targets: NEWER_TARGET_NAMES, flags: [signing("RS256", "rsa")] });

  const verifying = `--auth-token=jwt,sign-method=ES256,pub-key=${path("ec256.pub")}`;
  describeBothTargets("JSON web tokens of others", (test) => {
    test("are taken by a member that has only the public key and signs none", async ({ client }) => {
      const admin = new AuthAdmin(client);
      await admin.addUser("root", "root");
      await admin.grantRole("root", "root");
      await admin.enable();
      assert.deepEqual(await refusal(authenticate(client, "root", "root")), {
        code: GrpcCode.Unknown,
        text: "auth: token signing attempted with verify-only key",
      });
      const claims = { username: "root", revision: 3, exp: now() + 100 };
      const token = await sign("ES256", "ec256", claims);
      await client.call(KV_SERVICE.put, { key: "k" }, withToken(token));
    });
  }, { targets: NEWER_TARGET_NAMES, flags: [verifying] });

  const refused: readonly (readonly [string, RegExp])[] = [
    ["jwt", /auth: invalid auth options/],
    ["jwt,sign-method=RS257", /auth: invalid auth options/],
    ["jwt,sign-method=RS256,ttl=soon", /auth: invalid auth options/],
    ["jwt,sign-method=RS256,priv-key=/no/such/file", /auth: invalid auth options/],
    ["jwt,sign-method=RS256,sign-method=RS256", /auth: invalid auth options/],
    ["jwt,sign-method", /auth: invalid auth options/],
    ["token", /auth: invalid auth options/],
    ["jwt,sign-method=RS256", /auth: missing key data/],
    [`jwt,sign-method=HS256,pub-key=${path("rsa.pub")}`, /auth: missing key data/],
    [
      `jwt,sign-method=RS256,priv-key=${path("rsa.pem")},pub-key=${path("other.pub")}`,
      /auth: public and private keys don't match/,
    ],
  ];
  for (const target of NEWER_TARGET_NAMES) {
    const reason = whyMissing(target);
    Deno.test({
      name: `[${target}] does not start with options for tokens that cannot be` +
        (reason === undefined ? "" : ` - not run: ${reason}`),
      ignore: reason !== undefined,
      fn: async () => {
        for (const [option, message] of refused) {
          const flags = [`--auth-token=${option}`];
          await assert.rejects(ServerProcess.start(target, { flags }), message, option);
        }
      },
    });
  }
}
