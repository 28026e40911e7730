import assert from "node:assert/strict";
import { type Outcome, runCtl, runEtcdctl } from "./ctl_pair.ts";
import { describeCtl } from "./ctl_suite.ts";
import { OPENSSL, withSecureServer } from "./secure_server.ts";

/** What a program says of a failed handshake, and times, are its own. */
function form({ exitCode, stdout, stderr }: Outcome): Outcome {
  const plain = (text: string) =>
    text.replace(/^\{"level".*\n/gm, "").replace(/took = [^\n]*/g, "took = TIME");
  return { exitCode, stdout: plain(stdout), stderr: plain(stderr) };
}

describeCtl((test) => {
  if (OPENSSL === undefined) {
    test("TLS - not run: openssl is not here", () => Promise.resolve());
    return;
  }

  test("TLS", ({ reference }) =>
    withSecureServer(reference.server, "IP:127.0.0.1,DNS:localhost", async (url, certificates) => {
      const file = (name: string) => certificates.file(name);
      const mine = [`--cert=${file("client.pem")}`, `--key=${file("client.key")}`];
      const whole = [...mine, `--cacert=${file("ca.pem")}`];
      const hasty = "--command-timeout=1s";
      const bare = url.replace("https://", "");
      // The server starts while the first command waits for it.
      const put = ["--command-timeout=20s", `--endpoints=${url}`, ...whole, "put", "a", "1"];
      assert.deepEqual(await runCtl(put, ""), { exitCode: 0, stdout: "OK\n", stderr: "" });
      const lines: readonly string[][] = [
        [`--endpoints=${url}`, ...whole, "get", "a"],
        [`--endpoints=${bare}`, ...whole, "get", "a"],
        [`--endpoints=${bare.replace("127.0.0.1", "localhost")}`, ...whole, "get", "a"],
        [`--endpoints=${url}`, ...mine, "--insecure-skip-tls-verify", "get", "a"],
        [`--endpoints=${bare}`, ...mine, "--insecure-skip-tls-verify", "get", "a"],
        [`--endpoints=${url}`, ...whole, "endpoint", "health"],
        [`--endpoints=${url}`, hasty, ...mine, "get", "a"],
        [`--endpoints=${url}`, hasty, `--cacert=${file("ca.pem")}`, "get", "a"],
        [`--endpoints=${bare}`, hasty, "get", "a"],
        [`--endpoints=${bare}`, hasty, "--insecure-transport=false", "get", "a"],
        [`--endpoints=${url}`, ...mine.slice(0, 1), "get", "a"],
        [`--endpoints=${url}`, ...mine.slice(1), "get", "a"],
        [`--endpoints=${url}`, ...mine, "--cacert=/no/such/file", "get", "a"],
        [`--endpoints=${url}`, ...mine, "--cacert=", "get", "a"],
        [`--endpoints=${url}`, "--cert=", "--key=", "get", "a"],
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
        ETCDCTL_CERT: file("client.pem"),
        ETCDCTL_KEY: file("client.key"),
        ETCDCTL_CACERT: file("ca.pem"),
      };
      const wanted = await runEtcdctl(reference, ["get", "a"], "", env);
      assert.equal(wanted.stdout, "a\n1\n");
      assert.deepEqual(await runCtl(["get", "a"], "", env), wanted);
    }));
});
