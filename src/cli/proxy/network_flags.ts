import type { Logger } from "../../base/log.ts";
import { boolFlag, type Flag, stringFlag } from "../ctl/flags/flag.ts";
import type { FlagSet } from "../ctl/flags/flag_set.ts";
import type { SrvEndpoint } from "../srv_lookup.ts";
import { srvEndpoints } from "./srv_endpoints.ts";

/** Where a gateway or a proxy listens, and where it finds the servers. */
export const NETWORK_FLAGS: readonly Flag[] = [
  stringFlag("listen-addr", "127.0.0.1:23790", "listen address"),
  {
    name: "endpoints",
    kind: "strings",
    default: "127.0.0.1:2379",
    usage: "comma separated etcd cluster endpoints",
  },
  stringFlag("discovery-srv", "", "DNS domain whose SRV records name the servers"),
  stringFlag("discovery-srv-name", "", "suffix of the service name in those SRV records"),
  boolFlag("insecure-discovery", "take servers from SRV records that do not speak TLS"),
];

/**
 * The servers that DNS names, if a domain was given: none otherwise. Throws a ProxyError when DNS does
 * not name any.
 */
export async function discoveredServers(flags: FlagSet, logger: Logger): Promise<SrvEndpoint[]> {
  const domain = flags.text("discovery-srv");
  if (domain === "") return [];
  const serviceName = flags.text("discovery-srv-name");
  const isInsecure = flags.bool("insecure-discovery");
  return await srvEndpoints({ domain, serviceName, isInsecure }, logger);
}
