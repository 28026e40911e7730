import type { EndpointUrl } from "../../base/endpoint_url.ts";
import type { TlsGate } from "../../net/tls/tls_gate.ts";
import type { Config } from "../config/config.ts";
import { ConfigError, ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL } from "../config/errors.ts";
import { hasCertificate } from "../config/tls_info.ts";
import { isSecureUrl } from "../listeners.ts";
import { checkCipherSuites } from "./tls_settings.ts";

/** How the listeners for clients and for metrics speak TLS. */
export interface ClientTls {
  /** Undefined if no URL for clients asks for TLS. */
  readonly clients: TlsGate | undefined;
  /** Undefined if no URL for metrics asks for TLS. */
  readonly metrics: TlsGate | undefined;
}

/**
 * Makes the member's own certificate if that is asked for, and reads the certificates. Throws a
 * ConfigError when they cannot be used.
 */
export async function prepareClientTls(config: Config): Promise<ClientTls> {
  const { listenClientUrls, listenClientHttpUrls, listenMetricsUrls } = config;
  checkCipherSuites(config);
  await config.clientSelfCert();
  const clientUrls = [...listenClientUrls, ...listenClientHttpUrls];
  for (const url of clientUrls) checkUrl(url, config);
  const wanted = {
    clients: clientUrls.some(isSecureUrl),
    metrics: listenMetricsUrls.some(isSecureUrl),
  };
  if (wanted.metrics && !hasCertificate(config.clientTlsInfo)) {
    throw ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL;
  }
  if (!wanted.clients && !wanted.metrics) return { clients: undefined, metrics: undefined };
  // A server without TLS starts sooner for not loading it.
  const { openClientGates } = await import("./client_gates.ts");
  return await openClientGates(config, wanted);
}

/** etcd complains of URLs one by one, in their order. */
function checkUrl(url: EndpointUrl, config: Config): void {
  const { clientTlsInfo: info } = config;
  if (isSecureUrl(url)) {
    if (hasCertificate(info)) return;
    throw new ConfigError(
      `TLS key/cert (--cert-file, --key-file) must be provided for client url ${url} ` +
        "with HTTPS scheme",
    );
  }
  const logger = config.getLogger("embed");
  const fields = { "client-url": url.toString() };
  if (hasCertificate(info)) {
    logger.warn(
      "scheme is http or unix while key and cert files are present; ignoring key and cert files",
      fields,
    );
  }
  if (info.clientCertAuth) {
    logger.warn(
      "scheme is http or unix while --client-cert-auth is enabled; " +
        "ignoring client cert auth for this URL",
      fields,
    );
  }
}
