import { lookup } from "node:dns/promises";
import { messageOf } from "../../base/error_message.ts";
import { AddressError, splitHostPort } from "../../base/host_port.ts";
import type { Logger } from "../../base/log.ts";
import { Prng } from "../../base/prng.ts";
import { goQuote } from "../../base/go_quote.ts";
import { type ProxyTarget, TcpProxy } from "../../net/tcp_proxy.ts";
import { verifiedEndpoints } from "./verified_endpoints.ts";
import { durationFlag, stringFlag } from "../ctl/flags/flag.ts";
import type { FlagSet } from "../ctl/flags/flag_set.ts";
import { discoveredServers, NETWORK_FLAGS } from "../proxy/network_flags.ts";
import { ProxyError, type ProxyHost, runProxy } from "../proxy/proxy_host.ts";
import type { ProxyCommand } from "../proxy/usage.ts";

/** `detcd gateway start`, with etcd's flags. */
const GATEWAY_COMMAND: ProxyCommand = {
  name: "gateway start",
  short: "start the gateway",
  flags: [
    ...NETWORK_FLAGS,
    durationFlag("retry-delay", "1m", "duration of delay before retrying failed endpoints"),
    stringFlag("trusted-ca-file", "", "CA file that servers from SRV records are checked with"),
  ],
};

/** Passes TCP connections on to the servers of a cluster until a signal ends it. */
export function gatewayMain(args: readonly string[], host: ProxyHost): Promise<number> {
  return runProxy(
    GATEWAY_COMMAND,
    args,
    host,
    (flags, logger) => startGateway(flags, logger, host),
  );
}

async function startGateway(
  flags: FlagSet,
  logger: Logger,
  { clock }: ProxyHost,
): Promise<TcpProxy> {
  const targets = await targetsOf(flags, logger);
  const listen = listenAddressOf(flags.text("listen-addr"));
  await refuseLoop(listen, targets, flags.text("listen-addr"));
  if (targets.length === 0) throw new ProxyError("no endpoints found");
  const proxy = new TcpProxy({
    targets,
    // etcd's own delay where none is wanted.
    retryDelayMs: flags.durationMs("retry-delay") || 5 * 60_000,
    clock,
    prng: new Prng(crypto.getRandomValues(new Uint32Array(1))[0]),
    logger,
  });
  try {
    await proxy.listen(listen.host, Number(listen.port));
  } catch (error) {
    throw new ProxyError(`cannot listen on ${flags.text("listen-addr")}: ${messageOf(error)}`);
  }
  return proxy;
}

async function targetsOf(flags: FlagSet, logger: Logger): Promise<readonly ProxyTarget[]> {
  const domain = flags.text("discovery-srv");
  if (domain === "") return flags.texts("endpoints").map(targetOf);
  const found = await discoveredServers(flags, logger);
  if (flags.bool("insecure-discovery")) return found;
  const verified = await verifiedEndpoints(found, domain, flags.text("trusted-ca-file"), logger);
  // With nobody to trust in DNS, what the command line says is all there is.
  return verified.length > 0 ? verified : flags.texts("endpoints").map(targetOf);
}

/** The schema of an endpoint does not matter to who passes bytes on. */
function targetOf(endpoint: string): ProxyTarget {
  const address = endpoint.replace(/^\w+:\/\/([^/]*).*$/, "$1");
  try {
    const { host, port } = splitHostPort(address);
    return { host, port: Number.parseInt(port, 10) || 0, priority: 0, weight: 0 };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new ProxyError(`error parsing endpoint ${goQuote(address)}`);
  }
}

interface ListenTarget {
  readonly host: string;
  readonly port: string;
}

function listenAddressOf(address: string): ListenTarget {
  try {
    const { host, port } = splitHostPort(address);
    return { host: host === "" ? "0.0.0.0" : host, port };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new ProxyError(`failed to validate listen address: ${address}`);
  }
}

/** A gateway that passes connections on to itself would never stop. */
async function refuseLoop(
  listen: ListenTarget,
  targets: readonly ProxyTarget[],
  listenAddress: string,
): Promise<void> {
  const own = await addressesOf(listen.host, (host) => `failed to resolve listen host: ${host}`);
  for (const { host, port } of targets) {
    const found = await addressesOf(host, (name) => `failed to resolve endpoint host: ${name}`);
    const same = found.find((address) => own.includes(address));
    if (String(port) !== listen.port || same === undefined) continue;
    throw new ProxyError(
      `SRV or endpoint (${host}:${port}->${same}:${port}) should not resolve to the gateway ` +
        `listen addr (${listenAddress})`,
    );
  }
}

async function addressesOf(host: string, message: (host: string) => string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new ProxyError(message(host), { cause: error });
  }
}
