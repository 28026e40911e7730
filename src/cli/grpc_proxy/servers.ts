import { messageOf } from "../../base/error_message.ts";
import type { Logger } from "../../base/log.ts";
import type { ChannelOptions } from "../../embed/client/transport/grpc_channel.ts";
import type { FlagSet } from "../ctl/flags/flag_set.ts";
import { discoveredServers } from "../proxy/network_flags.ts";
import { ProxyError } from "../proxy/proxy_host.ts";

/** Where the servers are that the proxy stands for, as URLs or `host:port`. */
export async function endpointsOf(flags: FlagSet, logger: Logger): Promise<readonly string[]> {
  const found = await discoveredServers(flags, logger);
  const endpoints = found.length > 0 ? found.map(({ url }) => url) : flags.texts("endpoints");
  if (endpoints.length === 0) throw new ProxyError("no endpoints found");
  // With a certificate the servers are spoken to over TLS, if their addresses do not say otherwise.
  const isSecure = flags.text("cacert") !== "" || flags.text("cert") !== "" ||
    flags.bool("insecure-skip-tls-verify");
  return endpoints.map((text) =>
    text.includes("://") ? text : `http${isSecure ? "s" : ""}://${text}`
  );
}

/** How the servers are spoken to. */
export async function channelOptionsOf(flags: FlagSet): Promise<ChannelOptions> {
  const keepAliveTimeMs = flags.durationMs("dial-keepalive-time");
  const [ca, cert, key] = await Promise.all(
    ["cacert", "cert", "key"].map((name) => fileOf(flags.text(name))),
  );
  return {
    ...(keepAliveTimeMs > 0 ? { keepAliveTimeMs } : {}),
    keepAliveTimeoutMs: flags.durationMs("dial-keepalive-timeout"),
    keepAliveWithoutCalls: flags.bool("permit-without-stream"),
    maxSendBytes: flags.int64("max-send-bytes"),
    maxReceiveBytes: flags.int64("max-recv-bytes"),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      insecureSkipVerify: flags.bool("insecure-skip-tls-verify"),
    },
  };
}

async function fileOf(path: string): Promise<Uint8Array | undefined> {
  if (path === "") return undefined;
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const why = messageOf(error);
    throw new ProxyError(`cannot read ${path}: ${why}`, { cause: error });
  }
}
