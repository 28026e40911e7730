import assert from "node:assert/strict";
import { AUTH_SERVICE, KV_SERVICE, WATCH_SERVICE } from "../../../src/pb/services.ts";
import { WatchCreateRequest } from "../../../src/pb/etcdserverpb.ts";
import { AuthAdmin, withToken } from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import {
  CertificateAuthority,
  type CertificateFiles,
  whyNoCertificates,
} from "../../harness/certificates.ts";
import { GrpcClient, refusal } from "../../harness/grpc_client.ts";
import type { ServerProcess } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";
import { curl } from "../../harness/tls_programs.ts";

const reason = whyNoCertificates();
if (reason === undefined) describeCommonNames();
else Deno.test({ name: `users by certificate not run: ${reason}`, ignore: true, fn() {} });

function describeCommonNames(): void {
  const directory = Deno.makeTempDirSync({ prefix: "auth-test-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  const authority = new CertificateAuthority(directory, "authority");
  const own = authority.issue("server", { alternativeNames: "IP:127.0.0.1,DNS:localhost" });
  const certificates = {
    root: authority.issue("root"),
    alice: authority.issue("alice"),
    stranger: authority.issue("stranger"),
    nameless: authority.issue("nameless", { commonName: "" }),
  };
  const flags = [
    `--cert-file=${own.cert}`,
    `--key-file=${own.key}`,
    `--trusted-ca-file=${authority.certificate}`,
  ];

  async function as<T>(
    server: ServerProcess,
    files: CertificateFiles,
    use: (client: GrpcClient) => Promise<T>,
  ): Promise<T> {
    const client = new GrpcClient(server.endpoint, {}, authority.clientFiles(files));
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }

  /** Users without passwords; alice may use the key k. */
  async function enable(client: GrpcClient): Promise<AuthAdmin> {
    const admin = new AuthAdmin(client);
    for (const name of ["root", "alice"]) await admin.addUserWithoutPassword(name);
    await admin.grantRole("root", "root");
    await admin.addRole("k");
    await admin.grant("k", "k");
    await admin.grantRole("alice", "k");
    await admin.enable();
    return admin;
  }

  const get = (client: GrpcClient, key: string, token?: string) =>
    client.call(KV_SERVICE.range, { key }, withToken(token));

  describeBothTargets("users by certificate", (test) => {
    test("are who the common name says, with the rights of that user", async ({ server }) => {
      await as(server, certificates.root, async (client) => {
        const admin = await enable(client);
        assert.deepEqual(await admin.users(), ["alice", "root"]);
      });
      await as(server, certificates.alice, async (client) => {
        await get(client, "k");
        await client.call(KV_SERVICE.put, { key: "k" });
        assert.equal((await refusal(get(client, "l"))).text, "etcdserver: permission denied");
        assert.deepEqual(await new AuthAdmin(client).rolesOf("alice"), ["k"]);
        const users = new AuthAdmin(client).users();
        assert.equal((await refusal(users)).text, "etcdserver: permission denied");
        const stream = client.open(WATCH_SERVICE.watch);
        stream.send({ createRequest: WatchCreateRequest.create({ key: "k" }) });
        assert.equal((await stream.next()).canceled, false);
      });
    });

    test("are denied everything if there is no such user, or no name", async ({ server }) => {
      for (const files of [certificates.stranger, certificates.nameless]) {
        await as(server, files, async (client) => {
          assert.equal((await refusal(get(client, "k"))).text, "etcdserver: permission denied");
        });
      }
      await as(server, certificates.stranger, async (client) => {
        const users = new AuthAdmin(client).users();
        assert.equal((await refusal(users)).text, "etcdserver: user name not found");
      });
      await as(server, certificates.nameless, async (client) => {
        const users = new AuthAdmin(client).users();
        assert.equal((await refusal(users)).text, "etcdserver: user name is empty");
      });
    });

    test("are who their token says, if they show one", async ({ server }) => {
      await as(server, certificates.root, async (client) => {
        await new AuthAdmin(client).addUser("bob", "bob");
        const { token } = await client.call(AUTH_SERVICE.authenticate, {
          name: "bob",
          password: "bob",
        });
        assert.equal(
          (await refusal(get(client, "k", token))).text,
          "etcdserver: permission denied",
        );
        assert.equal((await refusal(get(client, "k", "x"))).text, "etcdserver: invalid auth token");
        await get(client, "k");
      });
    });

    test("have the rights of now, not those of when they connected", async ({ server }) => {
      await as(server, certificates.alice, async (alice) => {
        await get(alice, "k");
        await as(server, certificates.root, (root) => new AuthAdmin(root).revokeRole("alice", "k"));
        assert.equal((await refusal(get(alice, "k"))).text, "etcdserver: permission denied");
        await as(server, certificates.root, (root) => new AuthAdmin(root).grantRole("alice", "k"));
        await get(alice, "k");
      });
    });

    test("do not come in through the JSON gateway", async ({ server }) => {
      const { cert, key } = certificates.root;
      const { stdout } = await curl(
        `https://${server.endpoint}/v3/kv/range`,
        ...["--cacert", authority.certificate, "--cert", cert, "--key", key],
        ...["--write-out", " %{http_code}", "--data", '{"key":"aw=="}'],
      );
      assert.match(stdout, /^CommonName of client sending a request against gateway .* 400$/s);
    });
  }, {
    targets: NEWER_TARGET_NAMES,
    schemes: ["https"],
    flags: [...flags, "--client-cert-auth"],
  });

  describeBothTargets("certificates without --client-cert-auth", (test) => {
    test("make nobody a user", async ({ server }) => {
      await as(server, certificates.root, async (client) => {
        await enable(client);
        assert.equal((await refusal(get(client, "k"))).text, "etcdserver: user name is empty");
      });
    });

    test("keep nobody out of the JSON gateway", async ({ server }) => {
      const { cert, key } = certificates.root;
      const { stdout } = await curl(
        `https://${server.endpoint}/v3/kv/range`,
        ...["--cacert", authority.certificate, "--cert", cert, "--key", key],
        ...["--data", '{"key":"aw=="}'],
      );
      assert.equal(JSON.parse(stdout).message, "etcdserver: user name is empty");
    });
  }, { targets: NEWER_TARGET_NAMES, schemes: ["https"], flags });
}
