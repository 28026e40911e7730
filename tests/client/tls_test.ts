import assert from "node:assert/strict";
import { join } from "node:path";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { connect } from "../../src/embed/client/connect.ts";
import type { ClientTls } from "../../src/embed/client/transport/network_transport.ts";
import { CertificateAuthority, whyNoCertificates } from "../harness/certificates.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { TARGET_NAMES, type TargetName, whyMissing } from "../harness/targets.ts";

/** What a test works with. */
interface SecureServer {
  readonly url: string;
  /** All the ways to it: by its address, by its name and by a unix socket. */
  readonly urls: readonly string[];
  /** What a client needs that the server trusts and that trusts the server. */
  readonly tls: ClientTls;
}

/** A server that wants a client's certificate, and has one for these names itself. */
async function withSecureServer(
  target: TargetName,
  alternativeNames: string,
  body: (server: SecureServer) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "client-tls-" });
  const authority = new CertificateAuthority(directory, "authority");
  const certificate = authority.issue("server", { alternativeNames });
  // etcd 3.4 takes no path there.
  const unixUrls = target === "etcd" ? [] : [`unixs://${join(directory, "etcd.sock")}`];
  const server = await ServerProcess.start(target, {
    schemes: ["https"],
    alsoListen: unixUrls,
    flags: [
      `--cert-file=${certificate.cert}`,
      `--key-file=${certificate.key}`,
      `--trusted-ca-file=${authority.certificate}`,
      "--client-cert-auth",
    ],
  });
  try {
    const tls = authority.clientFiles(
      authority.issue("client", { alternativeNames: "DNS:client" }),
    );
    const url = server.clientUrl;
    await body({ url, urls: [url, url.replace("127.0.0.1", "localhost"), ...unixUrls], tls });
  } finally {
    await server.dispose();
    await Deno.remove(directory, { recursive: true });
  }
}

function test(name: string, body: (target: TargetName) => Promise<void>): void {
  for (const target of [...TARGET_NAMES, "etcd-3.7"] as const) {
    const missing = whyMissing(target) ?? whyNoCertificates();
    const ignored = missing === undefined ? "" : ` - not run: ${missing}`;
    Deno.test({
      name: `connect() ${name} [${target}]${ignored}`,
      ignore: missing !== undefined,
      fn: () => body(target),
    });
  }
}

const PATIENT = { dialTimeoutMs: 10_000 };
const HASTY = { dialTimeoutMs: 400 };

test("speaks TLS with a certificate of its own, to an address, a name and a socket", (target) =>
  withSecureServer(target, "IP:127.0.0.1,DNS:localhost", async ({ url, urls, tls }) => {
    for (const endpoint of urls) {
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

test("refuses a server whose certificate is for another address", (target) =>
  withSecureServer(target, "IP:127.0.0.2,DNS:localhost", async ({ url, tls }) => {
    {
      await using client = await connect(url.replace("127.0.0.1", "localhost"), {
        ...PATIENT,
        tls,
      });
      await client.put("a", "1");
    }
    await assert.rejects(connect(url, { ...HASTY, tls }), /127\.0\.0\.1 is not in the cert's list/);
  }));
