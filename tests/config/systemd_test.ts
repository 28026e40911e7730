import assert from "node:assert/strict";
import { join } from "node:path";
import { DatagramSink } from "../../src/net/testing/datagram_sink.ts";
import { PROJECT_DIR } from "../harness/programs.ts";
import { freePorts } from "../harness/server_process.ts";

/** The ways in which people start detcd, each with other means to reach the socket. */
const WAYS: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  {
    name: "with the permissions of `deno task start`",
    args: ["run", "--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"],
  },
  { name: "without unstable features, by the C library", args: ["run", "--no-config", "-A"] },
];

for (const { name, args } of WAYS) {
  Deno.test({
    name: `systemd hears that the server is ready and that it stops, ${name}`,
    ignore: Deno.build.os !== "linux" || !DatagramSink.isAvailable(),
    async fn() {
      const folder = await Deno.makeTempDir();
      const [clientPort, peerPort] = await freePorts(2);
      const path = join(folder, "notify");
      await using sink = await DatagramSink.open(path);
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...args,
          "--quiet",
          join(PROJECT_DIR, "main.ts"),
          `--data-dir=${join(folder, "data")}`,
          `--listen-client-urls=http://127.0.0.1:${clientPort}`,
          `--advertise-client-urls=http://127.0.0.1:${clientPort}`,
          `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
        ],
        env: { NOTIFY_SOCKET: path },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        assert.equal(await sink.next(), "READY=1");
        const { status } = await fetch(`http://127.0.0.1:${clientPort}/health`)
          .then(async (response) => (await response.text(), response));
        assert.equal(status, 200);
        child.kill("SIGTERM");
        assert.equal(await sink.next(), "STOPPING=1");
        // A shell sees by the code which signal it was.
        assert.equal((await child.status).code, 143);
      } finally {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended.
        }
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
