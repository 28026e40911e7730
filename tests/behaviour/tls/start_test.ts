import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CertificateAuthority, whyNoCertificates } from "../../harness/certificates.ts";
import { GrpcClient } from "../../harness/grpc_client.ts";
import { put, range } from "../../harness/kv_calls.ts";
import { freePorts, ServerProcess, type StartOptions } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES, type TargetName, whyMissing } from "../../harness/targets.ts";
import { curl, etcdctlPrograms, run } from "../../harness/tls_programs.ts";

/** Registers a test for real etcd first and then for detcd; each starts its own servers. */
function test(name: string, body: (target: TargetName, directory: string) => Promise<void>): void {
  for (const target of NEWER_TARGET_NAMES) {
    const missing = whyMissing(target) ?? whyNoCertificates();
    const suffix = missing === undefined ? "" : ` - not run: ${missing}`;
    Deno.test({
      name: `${name} [${target}]${suffix}`,
      ignore: missing !== undefined,
      async fn() {
        const directory = Deno.makeTempDirSync({ prefix: "tls-start-" });
        try {
          await body(target, directory);
        } finally {
          Deno.removeSync(directory, { recursive: true });
        }
      },
    });
  }
}

async function withServer(
  target: TargetName,
  options: StartOptions,
  body: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const server = await ServerProcess.start(target, options);
  try {
    await body(server);
  } catch (error) {
    console.error(server.logTail(12));
    throw error;
  } finally {
    await server.dispose();
  }
}

const HTTPS = ["https"] as const;

test("auto-tls makes a certificate of its own and keeps it", async (target) => {
  await withServer(target, { schemes: HTTPS, flags: ["--auto-tls"] }, async (server) => {
    const fixtures = join(server.dataDir, "fixtures", "client");
    const [cert, key] = [join(fixtures, "cert.pem"), join(fixtures, "key.pem")];
    assert.equal(statSync(key).mode & 0o777, 0o600);
    assert.match(readFileSync(key, "latin1"), /^-----BEGIN EC PRIVATE KEY-----/);
    const pem = readFileSync(cert);
    const certificate = new X509Certificate(pem);
    assert.equal(certificate.subject, "O=etcd");
    assert.equal(certificate.subjectAltName, "IP Address:127.0.0.1");
    assert(certificate.ca);
    assert.equal((await run("openssl", ["verify", "-CAfile", cert, cert])).stdout, `${cert}: OK\n`);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "secp521r1");
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
    assert.equal(days, 365);
    const health = () => curl(`${server.clientUrl}/health`, "--cacert", cert);
    assert.match((await health()).stdout, /true/);
    for (const program of etcdctlPrograms()) {
      const { stdout, stderr } = await run(program, [
        `--endpoints=${server.clientUrl}`,
        `--cacert=${cert}`,
        "put",
        "a",
        "1",
      ]);
      assert.equal(stdout, "OK\n", stderr);
    }
    assert.match(server.logTail(5_000), /automatically generate certificates/);
    await server.stop();
    await server.restart();
    assert.deepEqual(readFileSync(cert), pem);
    assert.match((await health()).stdout, /true/);
  });
});

test("auto-tls makes nothing where a certificate is given", async (target, directory) => {
  const authority = new CertificateAuthority(directory, "authority");
  const { cert, key } = authority.issue("server", { alternativeNames: "IP:127.0.0.1" });
  const flags = ["--auto-tls", `--cert-file=${cert}`, `--key-file=${key}`];
  await withServer(target, { schemes: HTTPS, flags }, async (server) => {
    assert.match(server.logTail(5_000), /ignoring client auto TLS since certs given/);
    assert(!existsSync(join(server.dataDir, "fixtures")));
    const { stdout } = await curl(`${server.clientUrl}/health`, "--cacert", authority.certificate);
    assert.match(stdout, /true/);
  });
});

test("certificates beside http URLs are warned of", async (target, directory) => {
  const { cert, key } = new CertificateAuthority(directory, "authority").issue("server");
  const flags = [`--cert-file=${cert}`, `--key-file=${key}`, "--client-cert-auth"];
  await withServer(target, { flags }, (server) => {
    const log = server.logTail(5_000);
    assert.match(log, /scheme is http or unix while key and cert files are present; ignoring/);
    assert.match(log, /scheme is http or unix while --client-cert-auth is enabled; ignoring/);
    return Promise.resolve();
  });
});

test("a unix socket is listened on, also where one was left behind", async (target, directory) => {
  const path = join(directory, "etcd.sock");
  await withServer(target, { alsoListen: [`unix://${path}`] }, async (server) => {
    assert(statSync(path).isSocket());
    const client = new GrpcClient(`unix:${path}`);
    await put(client, "a", "1");
    assert.equal((await range(client, "a")).count, 1);
    await client.close();
    const health = () => curl("http://localhost/health", "--unix-socket", path);
    assert.match((await health()).stdout, /true/);
    for (const program of etcdctlPrograms()) {
      const { stdout } = await run(program, [`--endpoints=unix://${path}`, "get", "a"]);
      assert.equal(stdout, "a\n1\n");
    }
    await server.kill();
    assert(existsSync(path));
    await server.restart();
    assert.match((await health()).stdout, /true/);
    await server.stop();
    assert(!existsSync(path));
  });
});

test("TLS is spoken on a unix socket", async (target, directory) => {
  const path = join(directory, "etcd.sock");
  const authority = new CertificateAuthority(directory, "authority");
  const certificate = authority.issue("server", { alternativeNames: "DNS:localhost" });
  const { cert, key } = certificate;
  const options = {
    alsoListen: [`unixs://${path}`],
    flags: [
      `--cert-file=${cert}`,
      `--key-file=${key}`,
      `--trusted-ca-file=${authority.certificate}`,
    ],
  };
  await withServer(target, options, async () => {
    const files = authority.clientFiles(authority.issue("client"));
    const client = new GrpcClient(`unix:${path}`, {}, files);
    await put(client, "a", "1");
    assert.equal((await range(client, "a")).count, 1);
    await client.close();
    const url = "https://localhost/health";
    const socket = ["--unix-socket", path, "--cacert", authority.certificate];
    assert.match((await curl(url, ...socket, "--cert", cert, "--key", key)).stdout, /true/);
    assert.equal((await curl(url, ...socket)).stdout, "");
    assert.equal((await curl("http://localhost/health", "--unix-socket", path)).stdout, "");
  });
});

test("URLs for HTTP alone are served with TLS too", async (target, directory) => {
  const authority = new CertificateAuthority(directory, "authority");
  const { cert, key } = authority.issue("server", { alternativeNames: "IP:127.0.0.1" });
  const [port] = await freePorts(1);
  const url = `https://127.0.0.1:${port}`;
  const flags = [`--cert-file=${cert}`, `--key-file=${key}`, `--listen-client-http-urls=${url}`];
  await withServer(target, { schemes: HTTPS, flags }, async (server) => {
    const trust = ["--cacert", authority.certificate];
    assert.match((await curl(`${url}/health`, ...trust)).stdout, /true/);
    assert.equal((await curl(`${server.clientUrl}/health`, ...trust)).stdout, "");
  });
});

test("a port is shared by servers that all want to share it", async (target) => {
  const flags = ["--socket-reuse-port"];
  await withServer(target, { flags }, async (server) => {
    const taken = `http://127.0.0.1:${server.clientPort}`;
    await withServer(target, { flags, alsoListen: [taken] }, async () => {});
    const alone = await ServerProcess.start(target, { withoutWaiting: true, alsoListen: [taken] });
    try {
      await ended(alone);
      assert.match(alone.logTail(50), /address already in use/i);
    } finally {
      await alone.dispose();
    }
  });
});

/** What is wrong with these settings, in etcd's words. */
const REFUSALS: readonly (readonly [string, StartOptions["schemes"], readonly string[], RegExp])[] =
  [
    [
      "https without a certificate",
      HTTPS,
      [],
      /TLS key\/cert \(--cert-file, --key-file\) must be provided for client url https:\/\/127\.0\.0\.1:\d+ with HTTPS scheme/,
    ],
    [
      "https metrics without a certificate",
      ["http"],
      ["--listen-metrics-urls=https://127.0.0.1:1"],
      /client TLS key\/cert \(--cert-file, --key-file\) must be provided for metrics secure url/,
    ],
    [
      "a certificate without a key",
      HTTPS,
      ["--cert-file=CERT"],
      /KeyFile and CertFile must both be present\[key: , cert: \S+\]/,
    ],
    [
      "a certificate that is not there",
      HTTPS,
      ["--cert-file=/nowhere.pem", "--key-file=KEY"],
      /open \/nowhere\.pem: no such file or directory/,
    ],
    [
      "a key to another certificate",
      HTTPS,
      ["--cert-file=CERT", "--key-file=OTHER"],
      /tls: private key does not match public key/,
    ],
    [
      "a key for a certificate",
      HTTPS,
      ["--cert-file=KEY", "--key-file=KEY"],
      /did find a private key; PEM inputs may have been switched/,
    ],
    [
      "a file that is no certificate",
      HTTPS,
      ["--cert-file=TEXT", "--key-file=KEY"],
      /tls: failed to find any PEM data in certificate input/,
    ],
    ["an authority that is not there", HTTPS, [
      "--cert-file=CERT",
      "--key-file=KEY",
      "--trusted-ca-file=/nowhere.pem",
    ], /open \/nowhere\.pem: no such file or directory/],
    ["half a certificate for calls", HTTPS, [
      "--cert-file=CERT",
      "--key-file=KEY",
      "--client-cert-file=CERT",
    ], /ClientKeyFile and ClientCertFile must both be present or both absent: key: , cert: \S+\]/],
    [
      "unknown cipher suites",
      ["http"],
      ["--cipher-suites=TLS_NONE"],
      /unexpected TLS cipher suite \\"TLS_NONE\\"/,
    ],
    ["cipher suites without the one that HTTP/2 needs", HTTPS, [
      "--cert-file=CERT",
      "--key-file=KEY",
      "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    ], /http2: TLSConfig\.CipherSuites is missing an HTTP\/2-required AES_128_GCM_SHA256 cipher/],
    ["a certificate of its own that is valid for no time", HTTPS, [
      "--auto-tls",
      "--self-signed-cert-validity=0",
    ], /selfSignedCertValidity is invalid,it should be greater than 0/],
    ["versions that exclude each other", HTTPS, [
      "--tls-min-version=TLS1.3",
      "--tls-max-version=TLS1.2",
    ], /min version \(TLS1\.3\) is greater than max version \(TLS1\.2\)/],
  ];

test("a start is refused for what TLS cannot be spoken with", async (target, directory) => {
  const authority = new CertificateAuthority(directory, "authority");
  const [one, other] = [authority.issue("one"), authority.issue("other")];
  const text = join(directory, "text");
  writeFileSync(text, "no certificate\n");
  for (const [what, schemes, flags, message] of REFUSALS) {
    const server = await ServerProcess.start(target, {
      withoutWaiting: true,
      ...(schemes === undefined ? {} : { schemes }),
      flags: flags.map((flag) => {
        return flag.replace("=CERT", `=${one.cert}`).replace("=KEY", `=${one.key}`)
          .replace("=OTHER", `=${other.key}`).replace("=TEXT", `=${text}`);
      }),
    });
    try {
      await ended(server);
      assert.match(server.logTail(100), message, what);
    } finally {
      await server.dispose();
    }
  }
});

/** Waits until a server has given up. */
async function ended(server: ServerProcess): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (!server.isRunning) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`it runs still:\n${server.logTail(10)}`);
}
