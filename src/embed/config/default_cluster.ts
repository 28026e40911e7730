import { joinHostPort } from "../../base/host_port.ts";
import type { EndpointUrl } from "../../base/endpoint_url.ts";
import type { Config } from "./config.ts";
import {
  DEFAULT_ADVERTISE_CLIENT_URLS,
  DEFAULT_INITIAL_ADVERTISE_PEER_URLS,
  DEFAULT_NAME,
} from "./constants.ts";
import { findDefaultHost } from "./default_host.ts";

/** The machine's own address as far as it is known. */
export interface DefaultHost {
  /** The address that was put into advertised URLs, or "" when none was. */
  readonly host: string;
  /** Why the machine's address could not be found where it was needed. */
  readonly error: Error | undefined;
}

/** See Config.updateDefaultClusterFromName(). */
export function updateDefaultCluster(config: Config, defaultInitialCluster: string): DefaultHost {
  const found = hostForAdvertising(config);
  if (found.host !== "") {
    if (needsHost(config.advertisePeerUrls, config.listenPeerUrls, DEFAULT_PEER)) {
      config.advertisePeerUrls = atHost(
        config.advertisePeerUrls,
        config.listenPeerUrls,
        found.host,
      );
    }
    if (needsHost(config.advertiseClientUrls, config.listenClientUrls, DEFAULT_CLIENT)) {
      config.advertiseClientUrls = atHost(
        config.advertiseClientUrls,
        config.listenClientUrls,
        found.host,
      );
    }
  }
  // Only the name was given, as in `--name=abc`.
  if (config.name !== DEFAULT_NAME && config.initialCluster === defaultInitialCluster) {
    config.initialCluster = config.initialClusterFromName(config.name);
  }
  return found;
}

const DEFAULT_PEER = DEFAULT_INITIAL_ADVERTISE_PEER_URLS;
const DEFAULT_CLIENT = DEFAULT_ADVERTISE_CLIENT_URLS;

/** etcd looks for the address at every start; we look when a URL needs it. */
function hostForAdvertising(config: Config): DefaultHost {
  const isNeeded = needsHost(config.advertisePeerUrls, config.listenPeerUrls, DEFAULT_PEER) ||
    needsHost(config.advertiseClientUrls, config.listenClientUrls, DEFAULT_CLIENT);
  if (!isNeeded) return { host: "", error: undefined };
  try {
    return { host: findDefaultHost(), error: undefined };
  } catch (error) {
    return { host: "", error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Whether all interfaces are listened on while others are told to call `localhost`. */
function needsHost(
  advertisedUrls: readonly EndpointUrl[],
  listenUrls: readonly EndpointUrl[],
  defaultUrl: string,
): boolean {
  return advertisedUrls.length === 1 && String(advertisedUrls[0]) === defaultUrl &&
    listenUrls.length > 0 && listenUrls[0].hostname === "0.0.0.0";
}

/** The advertised URLs at another host, with the port that is listened on. */
function atHost(
  advertisedUrls: readonly EndpointUrl[],
  listenUrls: readonly EndpointUrl[],
  host: string,
): EndpointUrl[] {
  return advertisedUrls.map((url) => url.withHost(joinHostPort(host, listenUrls[0].port)));
}
