import { isIpAddress } from "../../base/host_port.ts";
import type { Config } from "./config.ts";

/** Addresses at which nobody else can be called. */
const NOWHERE_ELSE = /^(?:127\.|0\.0\.0\.0$|::1?$|::ffff:127\.)/i;

/** See Config.inferLocalAddr(). */
export function inferLocalAddress(config: Config): string {
  if (!config.serverFeatureGate.enabled("SetMemberLocalAddr")) return "";
  const logger = config.getLogger("embed");
  const advertised = config.advertisePeerUrls.map(String);
  logger.info("searching for a suitable member local address in AdvertisePeerURLs", {
    "advertise-peer-urls": advertised,
  });
  for (const { hostname } of config.advertisePeerUrls) {
    if (!isIpAddress(hostname) || NOWHERE_ELSE.test(hostname)) continue;
    logger.info("setting member local address", { LocalAddr: hostname });
    return hostname;
  }
  logger.warn("unable to set a member local address due to lack of suitable local addresses", {
    "advertise-peer-urls": advertised,
  });
  return "";
}
