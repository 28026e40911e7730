import { type EndpointUrl, UrlError } from "../../base/endpoint_url.ts";
import { goQuote } from "../../base/go_quote.ts";
import { UrlsMap } from "../../base/urls_map.ts";
import type { Config } from "./config.ts";
import { DEFAULT_NAME } from "./constants.ts";
import { ConfigError } from "./errors.ts";

/** The founding members and the token that their cluster is named by. */
interface InitialCluster {
  readonly urlsMap: UrlsMap;
  readonly token: string;
}

/** A cluster of one member in the `name=URL` form. */
export function initialClusterOf(name: string, peerUrls: readonly EndpointUrl[]): string {
  return peerUrls.map((url) => `${name === "" ? DEFAULT_NAME : name}=${url}`).join(",");
}

/** Finds the founding members by discovery, by DNS or from what is configured. */
export async function peerUrlsMapAndToken(config: Config, which: string): Promise<InitialCluster> {
  const { endpoints, token } = config.discoveryCfg;
  if (endpoints.length > 0 || config.durl !== "") {
    // The others are not known yet, so the member starts with itself.
    const self = new Map([[config.name, config.advertisePeerUrls]]);
    return { urlsMap: new UrlsMap(self), token: endpoints.length > 0 ? token : config.durl };
  }
  if (config.dnsCluster !== "") return await clusterFromDns(config, which);
  return { urlsMap: readUrlsMap(config.initialCluster), token: config.initialClusterToken };
}

async function clusterFromDns(config: Config, which: string): Promise<InitialCluster> {
  const names = await config.getDnsClusterNames();
  const logger = config.getLogger("embed");
  for (const node of names) logger.info("got bootstrap from DNS for etcd-server", { node });
  const text = names.join(",");
  if (text.includes("https://") && config.peerTlsInfo.trustedCaFile === "") {
    config.peerTlsInfo.serverName = config.dnsCluster;
  }
  const urlsMap = readUrlsMap(text);
  // A proxy only needs to know the cluster; a member must belong to it.
  if (which === "etcd" && !urlsMap.has(config.name)) {
    throw new ConfigError(`cannot find local etcd member ${goQuote(config.name)} in SRV records`);
  }
  return { urlsMap, token: config.initialClusterToken };
}

function readUrlsMap(text: string): UrlsMap {
  try {
    return UrlsMap.parse(text);
  } catch (error) {
    if (error instanceof UrlError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}
