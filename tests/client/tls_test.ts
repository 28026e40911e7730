import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { connect } from "../../src/embed/client/client.ts";
import { findProgram } from "../harness/programs.ts";
import { OPENSSL, withSecureServer } from "./secure_server.ts";

function test(name: string, body: () => Promise<void>): void {
  const isMissing = findProgram("etcd") === undefined || OPENSSL === undefined;
  const ignored = isMissing ? " - not run: etcd or openssl is not here" : "";
  Deno.test({ name: `connect() ${name}${ignored}`, ignore: isMissing, fn: body });
}

const PATIENT = { dialTimeoutMs: 10_000 };
const HASTY = { dialTimeoutMs: 400 };

test("speaks TLS with a certificate of its own, to an address and to a name", () =>
  withSecureServer("etcd", "IP:127.0.0.1,DNS:localhost", async (url, certificates) => {
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
  withSecureServer("etcd", "IP:127.0.0.2,DNS:localhost", async (url, certificates) => {
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
