import { httpRequest } from "../harness/http1.ts";
import { freePorts, type ServerProcess } from "../harness/server_process.ts";
import { commandOf, type TargetName } from "../harness/targets.ts";

/** A gRPC proxy as a process of its own, in front of a server. */
export class ProxyProcess implements AsyncDisposable {
  readonly port: number;
  readonly child: Deno.ChildProcess;

  private constructor(port: number, child: Deno.ChildProcess) {
    this.port = port;
    this.child = child;
  }

  static async start(
    target: TargetName,
    server: ServerProcess,
    flags: readonly string[] = [],
  ): Promise<ProxyProcess> {
    const [port] = await freePorts(1);
    const [program, ...args] = commandOf(target);
    const child = new Deno.Command(program, {
      args: [
        ...args,
        "grpc-proxy",
        "start",
        `--listen-addr=127.0.0.1:${port}`,
        `--endpoints=${server.endpoint}`,
        `--advertise-client-url=127.0.0.1:${port}`,
        ...flags,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const proxy = new ProxyProcess(port, child);
    let hasEnded = false;
    void child.status.then(() => hasEnded = true);
    while (!await proxy.#isHealthy()) {
      if (hasEnded) throw new Error(`the proxy ended before it served: ${flags.join(" ")}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return proxy;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** One number of the proxy's own metrics. */
  async metric(name: string): Promise<number> {
    const { body } = await httpRequest(this.port, "/proxy/metrics");
    const found = new RegExp(`^${name} (\\S+)$`, "m").exec(body);
    if (found === null) throw new Error(`there is no ${name} in ${body}`);
    return Number(found[1]);
  }

  async #isHealthy(): Promise<boolean> {
    try {
      return (await httpRequest(this.port, "/health")).status === 200;
    } catch {
      return false;
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
