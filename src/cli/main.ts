import { bytesFromText } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import type { Config } from "../embed/config/config.ts";
import type { ProxyHost } from "./proxy/proxy_host.ts";
import type { RunningEtcd } from "./serve.ts";
import { writeAll } from "./write_all.ts";

/**
 * Runs what the arguments ask for and returns the exit code. Each command is loaded only when it
 * is asked for, so that a server carries no client and printing a version loads neither.
 */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === "ctl") {
    const { ctlMain } = await import("./ctl/main.ts");
    return await ctlMain(rest);
  }
  if (command === "utl") {
    const { utlMain } = await import("./utl/main.ts");
    return await utlMain(rest);
  }
  if (command === "gateway" || command === "grpc-proxy") return await proxyMain(command, rest);
  return await serveMain(args);
}

/** Both have one command only below them, `start`; anything else gets their help. */
async function proxyMain(
  command: "gateway" | "grpc-proxy",
  args: readonly string[],
): Promise<number> {
  const [word, ...rest] = args;
  const flags = word === "start" ? rest : ["--help"];
  if (command === "grpc-proxy") {
    const { grpcProxyMain } = await import("./grpc_proxy/grpc_proxy.ts");
    return await grpcProxyMain(flags, await processHost());
  }
  const { gatewayMain } = await import("./tcp_gateway/gateway.ts");
  return await gatewayMain(flags, await processHost());
}

async function processHost(): Promise<ProxyHost> {
  const { processSignals } = await import("./signals.ts");
  return {
    environment: Deno.env.toObject(),
    signals: processSignals,
    processId: Deno.pid,
    clock: systemClock,
    print: (text) => writeAll(Deno.stdout, bytesFromText(text)),
    printError: (text) => writeAll(Deno.stderr, bytesFromText(text)),
    exit: (code) => Deno.exit(code),
  };
}

async function serveMain(args: readonly string[]): Promise<number> {
  const { serve } = await import("./serve.ts");
  return await serve(args, { ...await processHost(), startEtcd });
}

async function startEtcd(config: Config): Promise<RunningEtcd> {
  const { ServedEtcd, startServedEtcd } = await import("../embed/served_etcd.ts");
  return await startServedEtcd(config, (parts) => new ServedEtcd(parts));
}
