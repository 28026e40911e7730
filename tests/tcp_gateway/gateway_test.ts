import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { DatagramSink } from "../../src/net/testing/datagram_sink.ts";
import { eventually } from "../harness/eventually.ts";
import { put, range } from "../harness/kv_calls.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { freePorts, ServerProcess } from "../harness/server_process.ts";
import { commandOf, NEWER_TARGET_NAMES, type TargetName, whyMissing } from "../harness/targets.ts";

/** A server that says its name and repeats what it hears. */
class NamedServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(readonly name: string, readonly port: number) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.write(name);
      socket.pipe(socket);
    });
  }

  static async start(name: string, port?: number): Promise<NamedServer> {
    const server = new NamedServer(name, port ?? (await freePorts(1))[0]);
    await new Promise<void>((resolve) => server.#server.listen(server.port, "127.0.0.1", resolve));
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A gateway as a process of its own. */
class Gateway implements AsyncDisposable {
  private constructor(readonly port: number, readonly child: Deno.ChildProcess) {}

  static async start(
    target: TargetName,
    flags: readonly string[],
    environment: Record<string, string> = {},
  ): Promise<Gateway> {
    const [port] = await freePorts(1);
    const [program, ...args] = commandOf(target);
    const child = new Deno.Command(program, {
      args: [...args, "gateway", "start", `--listen-addr=127.0.0.1:${port}`, ...flags],
      env: environment,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const gateway = new Gateway(port, child);
    try {
      await eventually("the gateway takes connections", () => accepts(port));
      return gateway;
    } catch (error) {
      await gateway[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.child.status;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** The first that a new connection hears; "" when it is ended before. */
function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("data", (chunk) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.once("end", () => resolve(""));
    socket.once("error", reject);
  });
}

async function names(port: number, count: number): Promise<Set<string>> {
  const heard = new Set<string>();
  for (let i = 0; i < count; i++) heard.add(await ask(port));
  return heard;
}

for (const target of NEWER_TARGET_NAMES) {
  const missing = whyMissing(target);
  const ignore = missing !== undefined;
  const title = ignore ? `[${target}] not run: ${missing}` : `[${target}]`;

  Deno.test({
    name: `gateway ${title} passes connections on in turn, and past servers that are gone`,
    ignore,
    async fn() {
      await using a = await NamedServer.start("a");
      const b = await NamedServer.start("b");
      const endpoints = `http://127.0.0.1:${a.port},127.0.0.1:${b.port}`;
      await using gateway = await Gateway.start(target, [
        `--endpoints=${endpoints}`,
        "--retry-delay=200ms",
      ]);
      assert.deepEqual(await names(gateway.port, 4), new Set(["a", "b"]));
      await b[Symbol.asyncDispose]();
      assert.deepEqual(await names(gateway.port, 4), new Set(["a"]));
      await using again = await NamedServer.start("b", b.port);
      assert.equal(again.name, "b");
      await eventually("a server that is back is found again", async () => {
        return (await names(gateway.port, 4)).has("b");
      });
    },
  });

  Deno.test({
    name: `gateway ${title} carries what clients and servers say`,
    ignore,
    async fn() {
      const server = await ServerProcess.start("detcd");
      await using gateway = await Gateway.start(target, [`--endpoints=${server.endpoint}`]);
      const client = new GrpcClient(`127.0.0.1:${gateway.port}`);
      try {
        await put(client, "k", "x".repeat(1_000_000));
        const { kvs } = await range(client, "k");
        assert.equal(kvs[0].value.length, 1_000_000);
      } finally {
        await client.close();
        await server.dispose();
      }
    },
  });

  Deno.test({
    name: `gateway ${title} tells systemd that it is ready and ends with the signal`,
    ignore: ignore || Deno.build.os !== "linux" || !DatagramSink.isAvailable(),
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        const path = join(folder, "notify");
        await using sink = await DatagramSink.open(path);
        await using gateway = await Gateway.start(target, [], { NOTIFY_SOCKET: path });
        assert.equal(await sink.next(), "READY=1");
        gateway.child.kill("SIGTERM");
        const { code } = await gateway.child.status;
        assert.equal(code, 143);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });

  Deno.test({
    name: `gateway ${title} says what is wrong with its flags`,
    ignore,
    async fn() {
      const [program, ...args] = commandOf(target);
      const cases: readonly [string, string][] = [
        ["--zzz", "unknown flag: --zzz"],
        [
          "--retry-delay=x",
          'invalid argument "x" for "--retry-delay" flag: time: invalid duration',
        ],
        ["--endpoints=abc", 'error parsing endpoint "abc"'],
        ["--endpoints=", "no endpoints found"],
        ["--listen-addr=abc", "failed to validate listen address: abc"],
        [
          "--listen-addr=127.0.0.1:2379",
          "SRV or endpoint (127.0.0.1:2379->127.0.0.1:2379) should not resolve to the gateway " +
          "listen addr (127.0.0.1:2379)",
        ],
      ];
      for (const [flag, message] of cases) {
        const { code, stdout, stderr } = await new Deno.Command(program, {
          args: [...args, "gateway", "start", flag],
        }).output();
        const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        assert(text.includes(message), text);
        assert.equal(code, 1, flag);
      }
    },
  });
}
