import type { Logger } from "../base/log.ts";
import type { EndpointUrl } from "../base/endpoint_url.ts";
import { CredentialError } from "../net/tls/credential_files.ts";
import { openTlsGate, type Rejection, type TlsGate } from "../net/tls/tls_gate.ts";
import type { TlsOptions, TlsVersion } from "../net/tls/tls_options.ts";
import type { Config } from "./config/config.ts";
import { ConfigError, ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL } from "./config/errors.ts";
import { isSecureUrl } from "./listeners.ts";

/** How the listeners for clients and for metrics speak TLS. */
export class ClientTls {
  /** Undefined if no URL asks for TLS. */
  readonly clients: TlsGate | undefined;
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
    await config.clientSelfCert();
    const clientUrls = [...config.listenClientUrls, ...config.listenClientHttpUrls];
    for (const url of clientUrls) checkUrl(url, config);
    const isSecure = clientUrls.some(isSecureUrl);
    const hasSecureMetrics = config.listenMetricsUrls.some(isSecureUrl);
    if (hasSecureMetrics && !hasCertificate(config)) {
      throw ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL;
    }
    return new ClientTls(
      isSecure ? openGate(config, false) : undefined,
      hasSecureMetrics ? openGate(config, true) : undefined,
    );
  }
}

function hasCertificate({ clientTlsInfo: { certFile, keyFile } }: Config): boolean {
  return certFile !== "" || keyFile !== "";
}

/** etcd complains of URLs one by one, in this order. */
function checkUrl(url: EndpointUrl, config: Config): void {
  if (isSecureUrl(url)) {
    if (hasCertificate(config)) return;
    throw new ConfigError(
      `TLS key/cert (--cert-file, --key-file) must be provided for client url ${url} ` +
        "with HTTPS scheme",
    );
  }
  const logger = config.getLogger("embed");
  const fields = { "client-url": url.toString() };
  if (hasCertificate(config)) {
    logger.warn(
      "scheme is http or unix while key and cert files are present; ignoring key and cert files",
      fields,
    );
  }
  if (config.clientTlsInfo.clientCertAuth) {
    logger.warn(
      "scheme is http or unix while --client-cert-auth is enabled; " +
        "ignoring client cert auth for this URL",
      fields,
    );
  }
}

function openGate(config: Config, checksClientAddress: boolean): TlsGate {
  const logger = config.getLogger("embed");
  try {
    return openTlsGate({
      ...tlsOptions(config, checksClientAddress),
      onRejected: (rejection) => logRejection(logger, rejection),
      onUnusableFiles: ({ message }) =>
        logger.error("the TLS files have changed and cannot be used; the old ones are used still", {
          error: message,
        }),
    });
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw new ConfigError(error.message, { cause: error });
  }
}

function logRejection(logger: Logger, { remoteAddress, error }: Rejection): void {
  const fields = { "remote-addr": remoteAddress, error: error.message };
  if (error.isHangUp) logger.debug(REJECTED, fields);
  else logger.warn(REJECTED, fields);
}

const REJECTED = "rejected connection on client endpoint";

function tlsOptions(config: Config, checksClientAddress: boolean): TlsOptions {
  const info = config.clientTlsInfo;
  return {
    certFile: info.certFile,
    keyFile: info.keyFile,
    requiresClientCertificate: info.clientCertAuth || info.trustedCaFile !== "",
    trustedCaFile: info.trustedCaFile,
    revocationListFile: info.crlFile,
    allowedCommonNames: info.allowedCns,
    allowedHostNames: info.allowedHostnames,
    checksClientAddress: checksClientAddress && !info.skipClientSanVerify,
    minVersion: versionOf(config.tlsMinVersion, "TLSv1.2"),
    maxVersion: versionOf(config.tlsMaxVersion, "TLSv1.3"),
    cipherSuites: config.cipherSuites,
  };
}

function versionOf(setting: string, otherwise: TlsVersion): TlsVersion {
  if (setting === "TLS1.2") return "TLSv1.2";
  return setting === "TLS1.3" ? "TLSv1.3" : otherwise;
}
