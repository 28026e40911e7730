import assert from "node:assert/strict";
import { connect } from "../../mod.ts";
import { fetchText } from "../../src/cli/ctl/http_text.ts";
import { freePorts } from "../harness/server_process.ts";
import { commandOf } from "../harness/targets.ts";

/** Starts a part of detcd that speaks TLS, and waits until it answers at its port. */
async function spawn(args: readonly string[], port: number): Promise<Deno.ChildProcess> {
  const [program, ...command] = commandOf("detcd");
  const child = new Deno.Command(program, {
    args: [...command, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let hasEnded = false;
  void child.status.then(() => hasEnded = true);
  while (!hasEnded) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return child;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
  throw new Error(`ended before it listened: ${args.join(" ")}`);
}

Deno.test("grpc-proxy speaks TLS to clients and to servers", async () => {
  const folder = await Deno.makeTempDir();
  const [clientPort, peerPort, proxyPort] = await freePorts(3);
  const url = `https://127.0.0.1:${clientPort}`;
  const children: Deno.ChildProcess[] = [];
  try {
    children.push(
      await spawn([
        `--data-dir=${folder}/data`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
        "--auto-tls",
      ], clientPort),
    );
    children.push(
      await spawn([
        "grpc-proxy",
        "start",
        `--listen-addr=127.0.0.1:${proxyPort}`,
        `--endpoints=127.0.0.1:${clientPort}`,
        `--cacert=${folder}/data/fixtures/client/cert.pem`,
        `--data-dir=${folder}/proxy`,
        "--auto-tls",
      ], proxyPort),
    );
    const client = await connect(`https://127.0.0.1:${proxyPort}`, {
      tls: { insecureSkipVerify: true },
    });
    await client.put("k", "v");
    assert.equal((await client.get("k"))?.text, "v");
    await client.close();
    const metrics = `https://127.0.0.1:${proxyPort}/metrics`;
    assert.match(
      await fetchText(metrics, { insecureSkipVerify: true }),
      /^etcd_server_has_leader 1$/m,
    );
  } finally {
    for (const child of children) {
      child.kill("SIGKILL");
      await child.status;
    }
    await Deno.remove(folder, { recursive: true });
  }
});
