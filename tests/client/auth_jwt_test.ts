import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { connect } from "../../src/embed/client/connect.ts";
import { AUTH_SERVICE } from "../../src/pb/services.ts";
import { describeBothTargets } from "../harness/both_targets.ts";
import { withClient } from "../harness/grpc_client.ts";
import { runCtl } from "../ctl/ctl_pair.ts";

const DIRECTORY = mkdtempSync(join(tmpdir(), "client-jwt-"));
globalThis.addEventListener("unload", () => rmSync(DIRECTORY, { recursive: true }));

/** Writes a pair of keys and returns the flag that has a server sign and verify with them. */
function tokenFlag(): string {
  const encoding = { format: "pem" } as const;
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", ...encoding },
    privateKeyEncoding: { type: "pkcs1", ...encoding },
  });
  const [pub, priv] = [join(DIRECTORY, "jwt.pub"), join(DIRECTORY, "jwt.key")];
  writeFileSync(pub, publicKey);
  writeFileSync(priv, privateKey);
  return `--auth-token=jwt,pub-key=${pub},priv-key=${priv},sign-method=RS256,ttl=10m`;
}

const ROOT = { user: "root", password: "secret" };

describeBothTargets("Client with a JWT", (test) => {
  test("comes in with a token that was issued, until users and roles change", async ({ server }) => {
    await using root = await connect(server.endpoint, ROOT);
    await root.auth.addUser("root", ROOT);
    await root.auth.addRole("root");
    await root.auth.grantRole("root", "root");
    await root.auth.enable();
    await root.put("a", "1");
    const { token } = await withClient(
      server,
      (client) => client.call(AUTH_SERVICE.authenticate, { name: "root", password: "secret" }),
    );
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    await using bearer = await connect(server.endpoint, { token });
    assert.equal((await bearer.get("a"))?.text, "1");
    const get = [`--endpoints=${server.endpoint}`, `--auth-jwt-token=${token}`, "get", "a"];
    assert.deepEqual(await runCtl(get, ""), { exitCode: 0, stdout: "a\n1\n", stderr: "" });

    // A token says at which revision of users and roles it was issued.
    await root.auth.addRole("another");
    await assert.rejects(bearer.put("a", "2"), {
      code: GrpcCode.InvalidArgument,
      message: "etcdserver: revision of auth store is old",
    });
    // Who has the password gets another one and does not notice.
    await root.put("a", "3");
    assert.equal((await root.get("a"))?.text, "3");
  });
}, { targets: ["etcd", "etcd-3.7", "detcd"], flags: [tokenFlag()] });
