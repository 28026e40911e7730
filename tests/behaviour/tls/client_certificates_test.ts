import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import {
  type DefineTest,
  describeBothTargets,
  type SuiteOptions,
} from "../../harness/both_targets.ts";
import {
  CertificateAuthority,
  type CertificateFiles,
  whyNoCertificates,
} from "../../harness/certificates.ts";
import { GrpcClient } from "../../harness/grpc_client.ts";
import { put, range } from "../../harness/kv_calls.ts";
import { freePorts, ServerProcess } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES, type TargetName, whyMissing } from "../../harness/targets.ts";
import { curl, etcdctlPrograms, handshake, run } from "../../harness/tls_programs.ts";

const reason = whyNoCertificates();
if (reason === undefined) describeClientCertificates();
else Deno.test({ name: `tls with client certificates not run: ${reason}`, ignore: true, fn() {} });

function describeClientCertificates(): void {
  const directory = Deno.makeTempDirSync({ prefix: "tls-test-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  const authority = new CertificateAuthority(directory, "authority");
  const stranger = new CertificateAuthority(directory, "stranger");
  const server = authority.issue("server", { alternativeNames: "IP:127.0.0.1,DNS:localhost" });
  const alice = authority.issue("alice", { alternativeNames: "DNS:alice.example" });
  const mallory = stranger.issue("mallory", { commonName: "alice" });
  const flags = [
    `--cert-file=${server.cert}`,
    `--key-file=${server.key}`,
    `--trusted-ca-file=${authority.certificate}`,
  ];

  function describe(
    subject: string,
    define: (test: DefineTest) => void,
    options: SuiteOptions = {},
  ) {
    describeBothTargets(subject, define, {
      schemes: ["https"],
      ...options,
      flags: [...flags, ...options.flags ?? []],
    });
  }

  const asCurlArgs = ({ cert, key }: CertificateFiles) => ["--cert", cert, "--key", key];

  /** What /health says to a client that shows this certificate; "" if it is not let in. */
  async function healthFor(url: string, shown: readonly string[]): Promise<string> {
    return (await curl(`${url}/health`, "--cacert", authority.certificate, ...shown)).stdout;
  }

  const secureUrl = ({ endpoint }: ServerProcess) => `https://${endpoint}`;

  async function assertLetIn(target: ServerProcess, files: CertificateFiles): Promise<void> {
    assert.match(await healthFor(secureUrl(target), asCurlArgs(files)), /"health":\s*"true"/);
  }

  async function assertKeptOut(target: ServerProcess, files?: CertificateFiles): Promise<void> {
    assert.equal(
      await healthFor(secureUrl(target), files === undefined ? [] : asCurlArgs(files)),
      "",
    );
  }

  describe("tls with client certificates", (test) => {
    test("gRPC and HTTP are served to a trusted client, wherever it calls from", async ({ server, prefix }) => {
      const client = new GrpcClient(server.endpoint, {}, authority.clientFiles(alice));
      await put(client, prefix, "1");
      assert.equal((await range(client, prefix)).count, 1);
      await client.close();
      await assertLetIn(server, alice);
    });

    test("etcdctl is served with its certificate", async ({ server, prefix }) => {
      for (const program of etcdctlPrograms()) {
        const { stdout, stderr } = await run(program, [
          `--endpoints=${server.clientUrl}`,
          `--cacert=${authority.certificate}`,
          `--cert=${alice.cert}`,
          `--key=${alice.key}`,
          "put",
          prefix,
          "1",
        ]);
        assert.equal(stdout, "OK\n", stderr);
      }
    });

    test("nobody is served without a certificate that is trusted", async ({ server }) => {
      await assertKeptOut(server);
      await assertKeptOut(server, mallory);
      await assertKeptOut(server, authority.issue("late", { isExpired: true }));
      await assertKeptOut(server, authority.issue("server-only", { usages: "serverAuth" }));
    });

    test("a certificate without its key is worth nothing", async ({ server }) => {
      const { stdout } = await curl(
        `${server.clientUrl}/health`,
        ...["--cacert", authority.certificate, "--cert", alice.cert, "--key", mallory.key],
      );
      assert.equal(stdout, "");
    });

    test("a session is resumed by whom it was begun with", async ({ server }) => {
      for (const version of ["-tls1_2", "-tls1_3"]) {
        const session = join(directory, `alice${version}.session`);
        const shown = [version, "-cert", alice.cert, "-key", alice.key];
        assert.match(
          await handshake(server.clientPort, ...shown, "-sess_out", session),
          /New, TLS/,
        );
        const again = await handshake(server.clientPort, ...shown, "-sess_in", session);
        assert.match(again, /Reused, TLSv1\.[23], Cipher is [A-Z]/);
      }
    });

    test("refusals are logged with the address, and who hangs up is not", async ({ server }) => {
      await assertKeptOut(server);
      const hanging = connect(server.clientPort, "127.0.0.1");
      hanging.on("error", () => {});
      hanging.write("\x16\x03\x01", "latin1", () => hanging.destroy());
      await assertKeptOut(server, mallory);
      const log = await untilLogged(server, /unknown authority/);
      assert.match(
        log,
        /rejected connection on client endpoint.*127\.0\.0\.1:\d+.*provide a certificate/,
      );
      assert.doesNotMatch(log, /error":\s*"EOF"/);
    });
  }, { targets: NEWER_TARGET_NAMES });

  describe("tls with a list of revoked certificates", (test) => {
    const revokedAtStart = authority.issue("revoked");
    const list = join(directory, "list.crl");
    copyFileSync(authority.revoke(revokedAtStart), list);
    test("who is in it is kept out, also when the list was made later", async ({ server }) => {
      await assertLetIn(server, alice);
      await assertKeptOut(server, revokedAtStart);
      const bob = authority.issue(`bob-${server.target}`);
      await assertLetIn(server, bob);
      copyFileSync(authority.revoke(bob), list);
      await assertKeptOut(server, bob);
      await assertLetIn(server, alice);
      await untilLogged(server, /transport: certificate serial [0-9a-f]+ revoked/);
    });

    test("so is who has a certificate of an authority in it, whatever he shows with it", async ({ server }) => {
      const name = `middle-${server.target}`;
      const middle = new CertificateAuthority(directory, name, authority);
      const { cert, key } = middle.issue("carol");
      const shown = (...paths: string[]): CertificateFiles => {
        const chain = join(directory, `${name}.chain`);
        writeFileSync(chain, paths.map((path) => readFileSync(path, "latin1")).join(""));
        return { cert: chain, key };
      };
      await assertLetIn(server, shown(cert, middle.certificate));
      copyFileSync(authority.revoke({ cert: middle.certificate, key }), list);
      await assertKeptOut(server, shown(cert, middle.certificate));
      await assertKeptOut(server, shown(cert, cert, middle.certificate));
      await assertKeptOut(server, shown(cert, authority.certificate, cert, middle.certificate));
      await assertLetIn(server, alice);
    });
  }, { targets: NEWER_TARGET_NAMES, flags: [`--client-crl-file=${join(directory, "list.crl")}`] });

  describe("tls with allowed host names", (test) => {
    test("a certificate must carry one of them", async ({ server }) => {
      await assertLetIn(server, alice);
      const wildcard = authority.issue("wildcard", { alternativeNames: "DNS:*.wide.example" });
      await assertLetIn(server, wildcard);
      const { commonName, alternativeNames } = {
        commonName: "alice.example",
        alternativeNames: "DNS:x",
      };
      await assertKeptOut(server, authority.issue("by-common-name", { commonName }));
      await assertKeptOut(server, authority.issue("other", { commonName, alternativeNames }));
      const parent = { alternativeNames: "DNS:wide.example" };
      await assertKeptOut(server, authority.issue("parent", parent));
      // One name that looks like two to who reads it as a list.
      const uri = { alternativeNames: "@names\n[names]\nURI = http://x/, DNS:alice.example" };
      await assertKeptOut(server, authority.issue("uri", uri));
    });
  }, {
    targets: NEWER_TARGET_NAMES,
    flags: ["--client-cert-allowed-hostname=alice.example,a.wide.example,10.0.0.1"],
  });

  for (const target of NEWER_TARGET_NAMES) {
    const missing = whyMissing(target);
    const test = (name: string, body: (target: TargetName) => Promise<void>) => {
      const suffix = missing === undefined ? "" : ` - not run: ${missing}`;
      const fullName = `tls with ${name} [${target}]${suffix}`;
      Deno.test({ name: fullName, ignore: missing !== undefined, fn: () => body(target) });
    };
    test("metrics: who asks must call from where his certificate is for", testMetrics);
    test("allowed common names: a certificate must have one of them", testAllowedCommonNames);
  }

  async function testMetrics(target: TargetName): Promise<void> {
    const [port] = await freePorts(1);
    // On all addresses, of both kinds: who calls over IPv4 is known by that address.
    const server = await ServerProcess.start(target, {
      schemes: ["http", "https"],
      flags: [...flags, `--listen-metrics-urls=https://[::]:${port}`],
    });
    const url = `https://127.0.0.1:${port}`;
    const isLetIn = async (name: string, alternativeNames?: string) => {
      const names = alternativeNames === undefined ? {} : { alternativeNames };
      const files = authority.issue(`${name}-${target}`, names);
      return await healthFor(url, asCurlArgs(files)) !== "";
    };
    try {
      assert(await isLetIn("here", "IP:127.0.0.1"));
      assert(await isLetIn("anywhere"));
      assert(await isLetIn("local", "DNS:localhost"));
      assert(!await isLetIn("away", "IP:10.9.8.7"));
      assert(!await isLetIn("elsewhere", "DNS:elsewhere.invalid"));
      assert.equal(await healthFor(url, []), "");
      await untilLogged(server, /valid for 10\.9\.8\.7, not 127\.0\.0\.1"/);
      await assertLetIn(
        server,
        authority.issue(`client-${target}`, { alternativeNames: "IP:10.9.8.7" }),
      );
    } finally {
      await server.dispose();
    }
  }

  /** They stand in a config file only, beside which flags do not count. */
  async function testAllowedCommonNames(target: TargetName): Promise<void> {
    const [clientPort, peerPort] = await freePorts(2);
    const [client, peer] = [`https://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
    const file = join(directory, `${target}.json`);
    const settings = {
      "data-dir": join(directory, `${target}.etcd`),
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": `default=${peer}`,
      "client-transport-security": {
        "cert-file": server.cert,
        "key-file": server.key,
        "trusted-ca-file": authority.certificate,
        "allowed-cn": ["alice", "zoe"],
      },
    };
    writeFileSync(file, JSON.stringify(settings));
    const running = await ServerProcess.start(target, {
      withoutWaiting: true,
      flags: [`--config-file=${file}`],
    });
    try {
      await until(async () => (await healthFor(client, asCurlArgs(alice))) !== "");
      assert.notEqual(await healthFor(client, asCurlArgs(authority.issue("zoe"))), "");
      assert.equal(await healthFor(client, asCurlArgs(authority.issue("alice2"))), "");
      const names = { commonName: "", alternativeNames: "DNS:alice" };
      assert.equal(await healthFor(client, asCurlArgs(authority.issue("by-name", names))), "");
      await untilLogged(running, /client certificate authentication failed/);
    } finally {
      await running.dispose();
    }
  }
}

/** The log once something stands in it. */
async function untilLogged(server: ServerProcess, what: RegExp): Promise<string> {
  await until(() => Promise.resolve(what.test(server.logTail(5_000))));
  return server.logTail(5_000);
}

/** Waits for something that a server brings about by itself. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`in vain waited for ${condition}`);
}
