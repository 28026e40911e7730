import type { EndpointUrl } from "../../base/endpoint_url.ts";
import type { Logger } from "../../base/log.ts";
import { CredentialError } from "../../net/tls/credential_files.ts";
import { openTlsGate, type Rejection, type TlsGate } from "../../net/tls/tls_gate.ts";
import type { Config } from "../config/config.ts";
import { ConfigError, ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL } from "../config/errors.ts";
import { hasCertificate } from "../config/tls_info.ts";
import { isSecureUrl } from "../listeners.ts";
import { checkTlsInfo } from "./tls_info_check.ts";
import { type BaseTlsOptions, checkCipherSuites, tlsOptionsOf } from "./tls_settings.ts";

/** How the listeners for clients and for metrics speak TLS. */
export class ClientTls {
  /** Undefined if no URL for clients asks for TLS. */
  readonly clients: TlsGate | undefined;
  /** Undefined if no URL for metrics asks for TLS. */
  readonly metrics: TlsGate | undefined;

  private constructor(clients: TlsGate | undefined, metrics: TlsGate | undefined) {
    this.clients = clients;
    this.metrics = metrics;
  }

  /**
   * Makes the member's own certificate if that is asked for, and reads the certificates. Throws a
   * ConfigError when they cannot be used.
   */
  static async prepare(config: Config): Promise<ClientTls> {
    try {
      return await ClientTls.#prepare(config);
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      throw new ConfigError(error.message, { cause: error });
    }
  }

  static async #prepare(config: Config): Promise<ClientTls> {
    const { listenClientUrls, listenClientHttpUrls, listenMetricsUrls } = config;
    checkCipherSuites(config);
    await config.clientSelfCert();
    const clientUrls = [...listenClientUrls, ...listenClientHttpUrls];
    for (const url of clientUrls) checkUrl(url, config);
    const hasSecureMetrics = listenMetricsUrls.some(isSecureUrl);
    if (hasSecureMetrics && !hasCertificate(config.clientTlsInfo)) {
      throw ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL;
    }
    const hasSecureClients = clientUrls.some(isSecureUrl);
    if (!hasSecureClients && !hasSecureMetrics) return new ClientTls(undefined, undefined);
    checkTlsInfo(config.clientTlsInfo);
    const options = tlsOptionsOf(config.clientTlsInfo, config);
    config.getLogger("embed").info("starting with client TLS", {
      "tls-info": config.clientTlsInfo,
      "cipher-suites": config.cipherSuites,
    });
    return new ClientTls(
      hasSecureClients ? await openGate(config, options, false) : undefined,
      hasSecureMetrics ? await openGate(config, options, true) : undefined,
    );
  }
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

/** As in etcd, only who asks for metrics must call from where his certificate is for. */
function openGate(
  config: Config,
  options: BaseTlsOptions,
  isForMetrics: boolean,
): Promise<TlsGate> {
  const logger = config.getLogger("embed");
  return openTlsGate({
    ...options,
    checksClientAddress: isForMetrics && !config.clientTlsInfo.skipClientSanVerify,
    onRejected: (rejection) => logRejection(logger, rejection),
    onUnusableFiles: ({ message }) =>
      logger.error("TLS files have changed and cannot be used; the old ones stay in use", {
        error: message,
      }),
  });
}

const REJECTED = "rejected connection on client endpoint";

function logRejection(logger: Logger, { remoteAddress, error }: Rejection): void {
  const fields = { "remote-addr": remoteAddress, error: error.message };
  if (error.isHangUp) logger.debug(REJECTED, fields);
  else logger.warn(REJECTED, fields);
}
