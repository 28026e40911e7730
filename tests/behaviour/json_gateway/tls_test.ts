import assert from "node:assert/strict";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { CertificateAuthority, whyNoCertificates } from "../../harness/certificates.ts";
import { base64, type Json, member } from "../../harness/json_gateway.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";
import { curl } from "../../harness/tls_programs.ts";

const reason = whyNoCertificates();
if (reason === undefined) describeEncrypted();
else Deno.test({ name: `gateway over TLS not run: ${reason}`, ignore: true, fn() {} });

function describeEncrypted(): void {
  const directory = Deno.makeTempDirSync({ prefix: "gateway-tls-test-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  const authority = new CertificateAuthority(directory, "authority");
  const server = authority.issue("server", { alternativeNames: "IP:127.0.0.1,DNS:localhost" });

  /** What curl gets, and by which version of HTTP. */
  async function ask(
    url: string,
    version: string,
    body: string,
    ...more: readonly string[]
  ): Promise<{ readonly version: string; readonly text: string }> {
    const args = ["--cacert", authority.certificate, version, "-d", body, ...more];
    const { stdout } = await curl(url, ...args, "-w", "\n%{http_version}");
    const lineEnd = stdout.lastIndexOf("\n");
    return { version: stdout.slice(lineEnd + 1), text: stdout.slice(0, lineEnd) };
  }

  describeBothTargets("gateway over TLS", (test) => {
    test("answers over both versions of HTTP, as the client chooses", async ({ server, prefix }) => {
      const url = `https://${server.endpoint}`;
      const key = base64(`${prefix}a`);
      const put = await ask(`${url}/v3/kv/put`, "--http2", JSON.stringify({ key, value: key }));
      assert.equal(put.version, "2");
      for (const [flag, version] of [["--http1.1", "1.1"], ["--http2", "2"]]) {
        const got = await ask(`${url}/v3/kv/range`, flag, JSON.stringify({ key }));
        const body: Json = JSON.parse(got.text);
        assert.deepEqual([got.version, member(body, "count")], [version, "1"]);
      }
    });

    test("watches over HTTP/2", async ({ server, prefix }) => {
      const url = `https://${server.endpoint}/v3/watch`;
      const body = JSON.stringify({ create_request: { key: base64(prefix) } });
      const watched = await ask(url, "--http2", body, "--max-time", "1");
      const [line] = watched.text.split("\n");
      const parsed: Json = JSON.parse(line);
      assert.equal(member(member(parsed, "result"), "created"), true);
      assert.equal(watched.version, "2");
    });

    test("says over HTTP/2 what is wrong", async ({ server }) => {
      const url = `https://${server.endpoint}/v3/kv/put`;
      const refused = await ask(url, "--http2", "{");
      const body: Json = JSON.parse(refused.text);
      assert.deepEqual(body, { code: 3, message: "unexpected EOF" });
    });
  }, {
    targets: NEWER_TARGET_NAMES,
    schemes: ["https"],
    flags: [`--cert-file=${server.cert}`, `--key-file=${server.key}`],
  });
}
