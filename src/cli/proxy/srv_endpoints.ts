import type { Logger } from "../../base/log.ts";
import { lookUpServers, type SrvEndpoint, type SrvResolver } from "../srv_lookup.ts";
import { ProxyError } from "./proxy_host.ts";

/** Where to look for the servers. */
interface SrvQuery {
  readonly domain: string;
  readonly serviceName: string;
  /** Take servers without TLS, too. */
  readonly isInsecure: boolean;
}

/** Finds the servers of a cluster by DNS. Throws a ProxyError when there are none. */
export async function srvEndpoints(
  { domain, serviceName, isInsecure }: SrvQuery,
  logger: Logger,
  resolve: SrvResolver = (name) => Deno.resolveDns(name, "SRV"),
): Promise<SrvEndpoint[]> {
  const { endpoints, problems } = await lookUpServers(domain, serviceName, resolve);
  if (endpoints.length === 0) {
    throw new ProxyError(`cannot find servers of ${domain} by DNS: ${problems.join("; ")}`);
  }
  logger.info("discovered cluster from SRV", {
    "srv-server": domain,
    endpoints: endpoints.map(({ url }) => url),
  });
  // Without TLS nobody knows who answers.
  return endpoints.filter(({ url }) => isInsecure || url.startsWith("https:"));
}
