import assert from "node:assert/strict";
import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { describerOverTls } from "../../harness/both_targets.ts";
import { CertificateAuthority, whyNoCertificates } from "../../harness/certificates.ts";
import { GrpcClient } from "../../harness/grpc_client.ts";
import { exchange, httpRequest } from "../../harness/http1.ts";
import { put, range } from "../../harness/kv_calls.ts";
import type { ServerProcess } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";
import { curl, etcdctlPrograms, handshake, run } from "../../harness/tls_programs.ts";

const reason = whyNoCertificates();
if (reason === undefined) describeTls();
else Deno.test({ name: `tls not run: ${reason}`, ignore: true, fn() {} });

function describeTls(): void {
  const directory = Deno.makeTempDirSync({ prefix: "tls-test-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  const authority = new CertificateAuthority(directory, "authority");
  const stranger = new CertificateAuthority(directory, "stranger");
  const forServer = { alternativeNames: "IP:127.0.0.1,DNS:localhost" };
  const certificate = authority.issue("server", forServer);
  const other = authority.issue("other", { ...forServer, commonName: "newcomer" });
  const flags = [`--cert-file=${certificate.cert}`, `--key-file=${certificate.key}`];
  const trust = ["--cacert", authority.certificate];

  const describe = describerOverTls(flags);

  async function withTlsClient(
    server: ServerProcess,
    use: (client: GrpcClient) => Promise<void>,
  ): Promise<void> {
    const client = new GrpcClient(server.endpoint, {}, authority.clientFiles(certificate));
    try {
      await use(client);
    } finally {
      await client.close();
    }
  }

  describe("tls", (test) => {
    test("versions 1.2 and 1.3 are spoken, older ones are not", async ({ server }) => {
      const { clientPort } = server;
      assert.match(await handshake(clientPort), /New, TLSv1\.3/);
      assert.match(await handshake(clientPort, "-tls1_2"), /New, TLSv1\.2/);
      const old = await handshake(clientPort, "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0");
      assert.match(old, /New, \(NONE\)/);
    });

    test("HTTP/2 is agreed on by ALPN", async ({ server }) => {
      assert.match(await handshake(server.clientPort, "-alpn", "h2"), /ALPN protocol: h2\n/);
      const both = await handshake(server.clientPort, "-alpn", "http/1.1,h2");
      assert.match(both, /ALPN protocol: h2\n/);
    });

    test("gRPC calls go through", async ({ server, prefix }) => {
      await withTlsClient(server, async (client) => {
        await put(client, `${prefix}a`, "1");
        assert.equal((await range(client, `${prefix}a`)).count, 1);
        // Larger than what one record, and one read of a socket, holds.
        await put(client, `${prefix}b`, "x".repeat(1_000_000));
        const { kvs } = await range(client, `${prefix}b`);
        assert.equal(kvs[0].value.length, 1_000_000);
      });
    });

    test("etcdctl finds it with --cacert, and not with another authority", async ({ server, prefix }) => {
      for (const program of etcdctlPrograms()) {
        const to = [`--endpoints=${server.clientUrl}`, "--command-timeout=1s", "--dial-timeout=1s"];
        const good = await run(program, [
          ...to,
          `--cacert=${authority.certificate}`,
          "put",
          prefix,
          "1",
        ]);
        assert.equal(good.stdout, "OK\n", good.stderr);
        const bad = await run(program, [...to, `--cacert=${stranger.certificate}`, "get", prefix]);
        assert.equal(bad.exitCode, 1);
      }
    });

    test("HTTP/1.1 is served beside gRPC", async ({ server }) => {
      const good = await curl(`${server.clientUrl}/health`, ...trust);
      assert.equal(JSON.parse(good.stdout).health, "true", good.stderr);
      const both = await curl(
        `${server.clientUrl}/version`,
        ...trust,
        `${server.clientUrl}/version`,
      );
      assert.match(both.stdout, /etcdserver.*etcdserver/s);
      const bad = await curl(`${server.clientUrl}/health`, "--cacert", stranger.certificate);
      assert.equal(bad.exitCode, 60);
    });

    test("HTTP is served over HTTP/2 too", async ({ server }) => {
      const good = await curl(`${server.clientUrl}/version`, ...trust, "--http2", "--include");
      assert.match(good.stdout, /^HTTP\/2 200.*etcdserver/s, good.stderr);
    });

    test("who speaks no TLS is cut off", async ({ server }) => {
      const answer = await exchange(server.clientPort, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.doesNotMatch(answer, /health/);
    });

    test("bytes that are no handshake cost only their connection", async ({ server, prefix }) => {
      const cases = [
        "\x16",
        "\x16\x03\x01\x02\x00\x01\x00",
        "\x16\x03\x01\x00\x05hello",
        "\x16".repeat(500),
      ];
      const sockets = cases.map((bytes) => {
        const socket = connect(server.clientPort, "127.0.0.1");
        socket.on("error", () => {});
        socket.write(bytes, "latin1");
        return socket;
      });
      await withTlsClient(server, async (client) => {
        await put(client, prefix, "1");
      });
      for (const socket of sockets) {
        socket.destroy();
        if (!socket.closed) await once(socket, "close");
      }
    });
  });

  // etcd 3.4 takes gRPC without TLS for a broken handshake there.
  describe("tls on a port with plain HTTP", (test) => {
    test("both are served", async ({ client, server, prefix }) => {
      await put(client, `${prefix}a`, "1");
      assert.equal((await httpRequest(server.clientPort, "/health")).status, 200);
      await withTlsClient(server, async (tlsClient) => {
        assert.equal((await range(tlsClient, `${prefix}a`)).count, 1);
      });
      const { stdout, stderr } = await curl(`https://${server.endpoint}/health`, ...trust);
      assert.match(stdout, /true/, stderr);
    });
  }, { targets: NEWER_TARGET_NAMES, schemes: ["http", "https"] });

  describe("tls with a least version", (test) => {
    test("nothing older is spoken", async ({ server }) => {
      assert.match(await handshake(server.clientPort), /New, TLSv1\.3/);
      assert.match(await handshake(server.clientPort, "-tls1_2"), /New, \(NONE\)/);
    });
  }, { targets: NEWER_TARGET_NAMES, flags: ["--tls-min-version=TLS1.3"] });

  describe("tls with a last version", (test) => {
    test("nothing newer is spoken", async ({ server }) => {
      assert.match(await handshake(server.clientPort), /New, TLSv1\.2/);
      assert.match(await handshake(server.clientPort, "-tls1_3"), /New, \(NONE\)/);
    });
  }, { targets: NEWER_TARGET_NAMES, flags: ["--tls-max-version=TLS1.2"] });

  const suites = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
  ];
  describe("tls with chosen cipher suites", (test) => {
    test("TLS 1.2 is spoken with these only", async ({ server, prefix }) => {
      const get = (cipher: string) =>
        curl(`${server.clientUrl}/health`, ...trust, "--tls-max", "1.2", "--ciphers", cipher);
      const good = await get("ECDHE-ECDSA-AES128-GCM-SHA256");
      assert.match(good.stdout, /true/, good.stderr);
      const bad = await get("ECDHE-ECDSA-AES256-GCM-SHA384");
      assert.equal(bad.stdout, "");
      assert.notEqual(bad.exitCode, 0);
      await withTlsClient(server, async (client) => {
        await put(client, prefix, "1");
      });
    });

    test("TLS 1.3 is spoken with any", async ({ server }) => {
      const suite = await handshake(server.clientPort, "-ciphersuites", "TLS_AES_256_GCM_SHA384");
      assert.match(suite, /New, TLSv1\.3, Cipher is TLS_AES_256_GCM_SHA384/);
    });
  }, { flags: [`--cipher-suites=${suites}`] });

  describeRotation();

  function describeRotation(): void {
    const [cert, key] = [join(directory, "rotated.pem"), join(directory, "rotated.key")];
    const replace = (files: { cert: string; key: string }) => {
      for (const [from, to] of [[files.cert, cert], [files.key, key]]) {
        copyFileSync(from, `${to}.new`);
        renameSync(`${to}.new`, to);
      }
    };
    const shownBy = async ({ clientPort }: ServerProcess): Promise<string> => {
      const pem = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/s.exec(
        await handshake(clientPort),
      );
      return pem === null ? "" : new X509Certificate(pem[0]).subject;
    };
    replace(certificate);

    describe("tls with a certificate that is replaced", (test) => {
      test("the next handshake uses the new one, and connections go on", async ({ server, prefix }) => {
        replace(certificate);
        assert.equal(await shownBy(server), "CN=server");
        await withTlsClient(server, async (client) => {
          await put(client, `${prefix}a`, "1");
          replace(other);
          assert.equal(await shownBy(server), "CN=newcomer");
          assert.equal((await range(client, `${prefix}a`)).count, 1);
        });
      });

      test("a broken one is not used", async ({ server }) => {
        replace(certificate);
        assert.equal(await shownBy(server), "CN=server");
        writeFileSync(cert, "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n");
        // etcd refuses handshakes until the file is mended.
        const expected = server.target === "detcd" ? "CN=server" : "";
        assert.equal(await shownBy(server), expected);
        replace(other);
        assert.equal(await shownBy(server), "CN=newcomer");
      });
    }, { flags: [`--cert-file=${cert}`, `--key-file=${key}`] });
  }
}
