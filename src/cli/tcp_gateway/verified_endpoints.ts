import { readFile } from "node:fs/promises";
import { connect } from "node:tls";
import { messageOf } from "../../base/error_message.ts";
import type { Logger } from "../../base/log.ts";
import { ProxyError } from "../proxy/proxy_host.ts";
import type { SrvEndpoint } from "../srv_lookup.ts";
import { CLI_LIMITS } from "../limits.ts";

/** Those of the servers that DNS names whose certificates are good for that domain. */
export async function verifiedEndpoints(
  endpoints: readonly SrvEndpoint[],
  domain: string,
  caFile: string,
  logger: Logger,
): Promise<SrvEndpoint[]> {
  const authority = await authorityIn(caFile);
  const verified: SrvEndpoint[] = [];
  for (const endpoint of endpoints) {
    try {
      await shakeHands(endpoint, domain, authority);
      verified.push(endpoint);
    } catch (error) {
      logger.warn("failed to validate discovered endpoints", {
        "srv-server": domain,
        endpoint: endpoint.url,
        error,
      });
    }
  }
  return verified;
}

async function authorityIn(path: string): Promise<Uint8Array | undefined> {
  if (path === "") return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    const why = messageOf(error);
    throw new ProxyError(`cannot read --trusted-ca-file ${path}: ${why}`, { cause: error });
  }
}

function shakeHands(
  { host, port }: SrvEndpoint,
  servername: string,
  ca: Uint8Array | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { host, port, servername, timeout: CLI_LIMITS.handshakeMs };
    const socket = connect(ca === undefined ? options : { ...options, ca: ca.toString() });
    socket.once("secureConnect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("timeout", () => socket.destroy(new Error("no answer in time")));
    socket.once("error", reject);
  });
}
