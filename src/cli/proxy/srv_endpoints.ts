import { joinHostPort } from "../../base/host_port.ts";
import type { Logger } from "../../base/log.ts";
import type { ProxyTarget } from "../../net/tcp_proxy.ts";
import { ProxyError } from "./proxy_host.ts";

/** A server that DNS names. */
export interface SrvEndpoint extends ProxyTarget {
  readonly url: string;
}

/** An SRV record as DNS has it. */
export interface SrvRecord {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Where to look for the servers. */
export interface SrvQuery {
  readonly domain: string;
  readonly serviceName: string;
  /** Take servers without TLS, too. */
  readonly isInsecure: boolean;
}

/** Finds the servers of a cluster by DNS. Throws a ProxyError when there are none. */
export async function srvEndpoints(
  { domain, serviceName, isInsecure }: SrvQuery,
  logger: Logger,
  resolve: (name: string) => Promise<readonly SrvRecord[]> = (name) => Deno.resolveDns(name, "SRV"),
): Promise<SrvEndpoint[]> {
  const suffix = serviceName === "" ? "" : `-${serviceName}`;
  const problems: string[] = [];
  async function query(service: string, scheme: string): Promise<SrvEndpoint[]> {
    try {
      const records = await resolve(`_${service}${suffix}._tcp.${domain}`);
      return records.map((record) => endpointOf(record, scheme));
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return [];
    }
  }
  const secure = await query("etcd-client-ssl", "https");
  const plain = await query("etcd-client", "http");
  const found = [...secure, ...plain];
  if (found.length === 0) {
    throw new ProxyError(`cannot find servers of ${domain} by DNS: ${problems.join("; ")}`);
  }
  logger.info("discovered cluster from SRV", {
    "srv-server": domain,
    endpoints: found.map(({ url }) => url),
  });
  // Without TLS nobody knows who answers.
  return isInsecure ? found : secure;
}

function endpointOf({ target, port, priority, weight }: SrvRecord, scheme: string): SrvEndpoint {
  // DNS ends a full name with a dot, a URL does not.
  const host = target.replace(/\.$/, "");
  return { host, port, priority, weight, url: `${scheme}://${joinHostPort(host, String(port))}` };
}
