import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { connect } from "../../src/embed/client/client.ts";
import type { ClientTls } from "../../src/embed/client/network_transport.ts";
import { findProgram } from "../harness/programs.ts";
import { freePorts, ServerProcess } from "../harness/server_process.ts";

const OPENSSL = findProgram("openssl");

/** Keys and certificates for a server and a client, signed by an authority of their own. */
class Certificates {
  readonly directory: string;

  constructor(directory: string, serverName: string) {
    this.directory = directory;
    this.#openssl("req", "-x509", ...this.#newKey("ca"), "-out", this.file("ca.pem"));
    for (const [name, subject] of [["server", serverName], ["client", "DNS:client"]]) {
      const request = this.file(`${name}.csr`);
      const extensions = this.file(`${name}.ext`);
      writeFileSync(
        extensions,
        `subjectAltName=${subject}\nextendedKeyUsage=serverAuth,clientAuth\n`,
      );
      this.#openssl("req", ...this.#newKey(name), "-out", request);
      const authority = ["-CA", this.file("ca.pem"), "-CAkey", this.file("ca.key")];
      const signed = ["-CAcreateserial", "-extfile", extensions, "-out", this.file(`${name}.pem`)];
      this.#openssl("x509", "-req", "-in", request, ...authority, ...signed);
    }
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  /** What a client needs that the server trusts and that trusts the server. */
  get client(): ClientTls {
    const read = (name: string) => readFileSync(this.file(name));
    return { ca: read("ca.pem"), cert: read("client.pem"), key: read("client.key") };
  }

  #newKey(name: string): string[] {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    return [...key, "-keyout", this.file(`${name}.key`), "-subj", `/CN=${name}`];
  }

  #openssl(...args: string[]): void {
    const { status, stderr } = spawnSync(OPENSSL ?? "openssl", args, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
}

/** A server that wants a client's certificate, and has one for this name itself. */
async function withSecureServer(
  serverName: string,
  body: (url: string, certificates: Certificates) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "client-tls-" });
  const certificates = new Certificates(directory, serverName);
  const [port] = await freePorts(1);
  const url = `https://127.0.0.1:${port}`;
  const server = await ServerProcess.start("etcd", {
    withoutWaiting: true,
    flags: [
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--cert-file=${certificates.file("server.pem")}`,
      `--key-file=${certificates.file("server.key")}`,
      `--trusted-ca-file=${certificates.file("ca.pem")}`,
      "--client-cert-auth",
    ],
  });
  try {
    await body(url, certificates);
  } finally {
    await server.dispose();
    await Deno.remove(directory, { recursive: true });
  }
}

function test(name: string, body: () => Promise<void>): void {
  const isMissing = findProgram("etcd") === undefined || OPENSSL === undefined;
  const ignored = isMissing ? " - not run: etcd or openssl is not here" : "";
  Deno.test({ name: `connect() ${name}${ignored}`, ignore: isMissing, fn: body });
}

const PATIENT = { dialTimeoutMs: 10_000 };
const HASTY = { dialTimeoutMs: 400 };

test("speaks TLS with a certificate of its own, to an address and to a name", () =>
  withSecureServer("IP:127.0.0.1,DNS:localhost", async (url, certificates) => {
    const tls = certificates.client;
    for (const endpoint of [url, url.replace("127.0.0.1", "localhost")]) {
      await using client = await connect(endpoint, { ...PATIENT, tls });
      await using watch = client.watch("a");
      await watch.created;
      await client.put("a", "1");
      assert.equal((await watch.next()).value?.events[0].kv.text, "1");
    }
    await using unchecked = await connect(url, {
      ...PATIENT,
      tls: { cert: tls.cert ?? "", key: tls.key ?? "", insecureSkipVerify: true },
    });
    assert.equal((await unchecked.get("a"))?.text, "1");
    // Who does not trust the server, does not show his certificate, or speaks no TLS, stays out.
    const { ca, cert, key } = { ca: "", cert: "", key: "", ...tls };
    for (const [wrong, endpoint] of [[{ cert, key }, url], [{ ca }, url]] as const) {
      const refused = connect(endpoint, { ...HASTY, tls: wrong })
        .then(async (client) => {
          // The server may refuse after the client has taken the connection for made.
          await client.put("a", "2", { timeoutMs: 400 }).finally(() => client.close());
        });
      await assert.rejects(refused);
    }
    await assert.rejects(connect(url.replace("https", "http"), HASTY), {
      code: GrpcCode.Unavailable,
    });
  }));

test("refuses a server whose certificate is for another address", () =>
  withSecureServer("IP:127.0.0.2,DNS:localhost", async (url, certificates) => {
    const tls = certificates.client;
    {
      await using client = await connect(url.replace("127.0.0.1", "localhost"), {
        ...PATIENT,
        tls,
      });
      await client.put("a", "1");
    }
    await assert.rejects(connect(url, { ...HASTY, tls }), /127\.0\.0\.1 is not in the cert's list/);
  }));
