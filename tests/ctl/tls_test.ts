import assert from "node:assert/strict";
import { CertificateAuthority, whyNoCertificates } from "../harness/certificates.ts";
import { ServerProcess } from "../harness/server_process.ts";
import type { TargetName } from "../harness/targets.ts";
import { type Outcome, runCtl, runEtcdctl } from "./ctl_pair.ts";
import { describeCtl } from "./ctl_suite.ts";

/** The paths of what a client needs. */
interface ClientPaths {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** A key to another certificate. */
  readonly otherKey: string;
  /** A file without any PEM in it. */
  readonly noPem: string;
}

/** A server that wants a client's certificate. */
async function withSecureServer(
  target: TargetName,
  body: (url: string, paths: ClientPaths) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "ctl-tls-" });
  const authority = new CertificateAuthority(directory, "authority");
  const { cert, key } = authority.issue("server", {
    alternativeNames: "IP:127.0.0.1,DNS:localhost",
  });
  const files = [`--cert-file=${cert}`, `--key-file=${key}`];
  const server = await ServerProcess.start(target, {
    schemes: ["https"],
    flags: [...files, `--trusted-ca-file=${authority.certificate}`, "--client-cert-auth"],
  });
  try {
    const { key: otherKey } = authority.issue("other");
    const noPem = `${directory}/none.pem`;
    await Deno.writeTextFile(noPem, "nothing");
    const paths = { ...authority.issue("client"), ca: authority.certificate, otherKey, noPem };
    await body(server.clientUrl, paths);
  } finally {
    await server.dispose();
    await Deno.remove(directory, { recursive: true });
  }
}

/** What a program says of a failed handshake, and times, are its own. */
function form({ exitCode, stdout, stderr }: Outcome): Outcome {
  const plain = (text: string) =>
    text.replace(/^\{"level".*\n/gm, "").replace(/took = [^\n]*/g, "took = TIME");
  return { exitCode, stdout: plain(stdout), stderr: plain(stderr) };
}

describeCtl((test) => {
  test(
    "TLS",
    ({ reference }) =>
      withSecureServer(reference.server, async (url, { cert, key, ca, otherKey, noPem }) => {
        const mine = [`--cert=${cert}`, `--key=${key}`];
        const whole = [...mine, `--cacert=${ca}`];
        const hasty = "--command-timeout=1s";
        const bare = url.replace("https://", "");
        const put = [`--endpoints=${url}`, ...whole, "put", "a", "1"];
        assert.deepEqual(await runCtl(put, ""), { exitCode: 0, stdout: "OK\n", stderr: "" });
        const lines: readonly string[][] = [
          [`--endpoints=${url}`, ...whole, "get", "a"],
          [`--endpoints=${bare}`, ...whole, "get", "a"],
          [`--endpoints=${bare.replace("127.0.0.1", "localhost")}`, ...whole, "get", "a"],
          [`--endpoints=${url}`, ...mine, "--insecure-skip-tls-verify", "get", "a"],
          [`--endpoints=${bare}`, ...mine, "--insecure-skip-tls-verify", "get", "a"],
          [`--endpoints=${url}`, ...whole, "endpoint", "health"],
          [`--endpoints=${url}`, hasty, ...mine, "get", "a"],
          [`--endpoints=${url}`, hasty, `--cacert=${ca}`, "get", "a"],
          [`--endpoints=${bare}`, hasty, "get", "a"],
          [`--endpoints=${bare}`, hasty, "--insecure-transport=false", "get", "a"],
          [`--endpoints=${url}`, ...mine.slice(0, 1), "get", "a"],
          [`--endpoints=${url}`, ...mine.slice(1), "get", "a"],
          [`--endpoints=${url}`, ...mine, "--cacert=/no/such/file", "get", "a"],
          [`--endpoints=${url}`, ...mine, "--cacert=", "get", "a"],
          [`--endpoints=${url}`, "--cert=", "--key=", "get", "a"],
          [`--endpoints=${url}`, ...mine, "--cacert=/no/\u65e5/file", "get", "a"],
          [`--endpoints=${url}`, ...mine, "--cacert=/tmp", "get", "a"],
          [`--endpoints=${url}`, ...mine, `--cacert=${ca}/below`, "get", "a"],
          [`--endpoints=${url}`, `--cert=${cert}`, `--key=${otherKey}`, "get", "a"],
          [`--endpoints=${url}`, `--cert=${key}`, `--key=${key}`, "get", "a"],
          [`--endpoints=${url}`, `--cert=${cert}`, `--key=${cert}`, "get", "a"],
          [`--endpoints=${url}`, `--cert=${noPem}`, `--key=${key}`, "get", "a"],
          [`--endpoints=${url}`, `--cert=${cert}`, `--key=${noPem}`, "get", "a"],
        ];
        await Promise.all(lines.map(async (args) => {
          const wanted = form(await runEtcdctl(reference, args, ""));
          // Whether it is a healthy line on one stream or the other is told elsewhere.
          const got = form(await runCtl(args, ""));
          const joined = ({ exitCode, stdout, stderr }: Outcome) => [exitCode, stdout + stderr];
          assert.deepEqual(joined(got), joined(wanted), args.join(" "));
        }));
        const env = {
          ETCDCTL_ENDPOINTS: url,
          ETCDCTL_CERT: cert,
          ETCDCTL_KEY: key,
          ETCDCTL_CACERT: ca,
        };
        const wanted = await runEtcdctl(reference, ["get", "a"], "", env);
        assert.equal(wanted.stdout, "a\n1\n");
        assert.deepEqual(await runCtl(["get", "a"], "", env), wanted);
      }),
    { missing: whyNoCertificates() },
  );
});
