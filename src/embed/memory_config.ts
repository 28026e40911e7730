import { parseUrlList } from "../base/url_list.ts";
import { type Config, newConfig } from "./config/config.ts";

/**
 * A configuration for tests and for programs that only need etcd's API for a while: nothing is
 * stored on disk, and the server listens on a free port of the loopback interface. Several such
 * servers can run in one process.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await etcd.server.readyNotify();
 * if (!etcd.clientUrl.startsWith("http://127.0.0.1:")) throw new Error(etcd.clientUrl);
 * ```
 */
export function newMemoryConfig(): Config {
  const config = newConfig();
  config.memoryOnly = true;
  config.listenClientUrls = parseUrlList("http://127.0.0.1:0");
  config.advertiseClientUrls = config.listenClientUrls;
  return config;
}
