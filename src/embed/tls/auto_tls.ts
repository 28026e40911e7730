import { join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import type { EndpointUrl } from "../../base/endpoint_url.ts";
import type { Config } from "../config/config.ts";
import { dataDirectoryOf } from "../config/data_directory.ts";
import { hasCertificate, type TlsInfo } from "../config/tls_info.ts";
import { selfCert } from "./self_cert.ts";
import { checkCipherSuites } from "./tls_settings.ts";

/** Puts a certificate that the member makes itself into its TLS settings for clients. */
export async function useClientSelfCert(config: Config): Promise<void> {
  const urls = [...config.listenClientUrls, ...config.listenClientHttpUrls];
  await useSelfCert(config, "client", config.clientTlsInfo, urls);
}

/** Puts a certificate that the member makes itself into its TLS settings for other members. */
export async function usePeerSelfCert(config: Config): Promise<void> {
  await useSelfCert(config, "peer", config.peerTlsInfo, config.listenPeerUrls);
}

async function useSelfCert(
  config: Config,
  side: "client" | "peer",
  info: TlsInfo,
  urls: readonly EndpointUrl[],
): Promise<void> {
  const logger = config.getLogger("embed");
  if (hasCertificate(info)) {
    logger.warn(`ignoring ${side} auto TLS since certs given`);
    return;
  }
  const { certFile, keyFile } = await selfCert(
    {
      directory: join(dataDirectoryOf(config), "fixtures", side),
      hosts: urls.map(({ hostname }) => hostname).filter((host) => host !== ""),
      validityYears: config.selfSignedCertValidityYears,
    },
    logger,
    systemClock,
  );
  info.certFile = certFile;
  info.keyFile = keyFile;
  info.clientCertFile = certFile;
  info.clientKeyFile = keyFile;
  checkCipherSuites(config);
}
